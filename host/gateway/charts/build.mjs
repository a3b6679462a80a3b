// Makes ../assets/echarts.min.js and ../assets/page.js of src/. `npm run build` writes them, `npm run check` (`--check`)
// compares them with what is there, byte for byte: esbuild's output depends on nothing but the sources and the lock file.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const DISTRICTS = at('../../../sdk/samples/data/districts.geojson');

/** The path that the gateway gives a file of this content (theme.rs). */
const path = (name, ending, content) => `/_city/${name}.${createHash('sha256').update(content).digest('hex').slice(0, 16)}.${ending}`;

const common = { bundle: true, write: false, format: 'esm', target: 'es2020', charset: 'utf8', logLevel: 'warning', absWorkingDir: at('.') };
const { version } = JSON.parse(readFileSync(at('node_modules/echarts/package.json'), 'utf8'));
const banner = `/*! Apache ECharts ${version} (Apache-2.0), with zrender (BSD-3-Clause), tslib (0BSD) and parts of d3 (BSD-3-Clause): echarts.LICENSE.md. Made by host/gateway/charts. */`;

async function bundle(options) {
  const { outputFiles: [file] } = await build({ ...common, ...options });
  return file.contents;
}

const echarts = await bundle({
  entryPoints: ['src/echarts.js'],
  minify: true,
  // Each file's licence header would stand there; the licences stand in a file of their own.
  legalComments: 'none',
  banner: { js: banner },
  define: { 'process.env.NODE_ENV': '"production"' },
});
const page = await bundle({
  entryPoints: ['src/main.js'],
  define: {
    __ECHARTS__: JSON.stringify(path('echarts', 'js', echarts)),
    __DISTRICTS__: JSON.stringify(path('districts', 'geojson', readFileSync(DISTRICTS))),
  },
});

const check = process.argv.includes('--check');
for (const [name, content] of [['echarts.min.js', echarts], ['page.js', page]]) {
  const file = at(`../assets/${name}`);
  if (!check) {
    writeFileSync(file, content);
    console.log(`${name}: ${content.length} bytes`);
  } else if (!readFileSync(file).equals(content)) {
    console.error(`host/gateway/assets/${name} is not what its sources make: \`npm run build\` in host/gateway/charts`);
    process.exitCode = 1;
  }
}
