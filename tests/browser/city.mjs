// A city for the browser tests: the real server, a real Chromium, and axe.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { AxeBuilder } from "@axe-core/playwright";

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with \`cargo xtask test\``);
  return value;
};

const freePort = () => new Promise((resolve, reject) => {
  const s = createServer();
  s.on('error', reject);
  s.listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
});

export const PASSWORD = 'yunlong-demo';

/** Starts the server with the apps installed, and with more arguments; `stop` ends it. */
export async function startCity(apps = ['tourism-ticketing', 'guestbook'], more = []) {
  const packages = need('YUNLONG_PACKAGES');
  const data = mkdtempSync(join(tmpdir(), 'yunlong-browser-'));
  const [port, admin] = [await freePort(), await freePort()];
  const plan = join(data, 'plan.toml');
  writeFileSync(plan, apps.map((a) => `[[install]]\npackage = ${JSON.stringify(join(packages, `${a}.tar`))}\norganization = "320300"\n`
    + (a === 'tourism-ticketing' ? '[install.config]\nadmission_window = "any-time"\n' : '')).join('\n'));
  const args = ['serve', '--demo', '--data', data, '--demo-citizens', '20', '--port', `${port}`, '--admin-port', `${admin}`,
    '--trust-key', join(packages, 'demo-vendor.pem'),
    '--plan', plan, ...more];
  const child = spawn(need('YUNLONG_BIN'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (d) => { log += d; });
  await new Promise((resolve, reject) => {
    let out = '';
    const timer = setTimeout(() => reject(new Error(`not ready within two minutes:\n${log}`)), 120_000);
    child.stdout.on('data', (d) => { out += d; if (out.includes('ready http')) { clearTimeout(timer); resolve(); } });
    child.on('exit', (code) => { clearTimeout(timer); reject(new Error(`the server ended (${code}):\n${log}`)); });
  });
  const origin = (label) => `http://${label ? `${label}.` : ''}localhost:${port}`;
  return {
    origin,
    log: () => log,
    stop: async () => {
      const ended = new Promise((r) => child.once('exit', r));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export async function startBrowser() {
  return chromium.launch({
    executablePath: need('CHROMIUM'),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/** A browser of one person: its own cookies. Any request to another host than localhost fails the test. */
export async function person(browser, { lang = 'zh-CN', phone = false, javaScript = true } = {}) {
  const context = await browser.newContext({
    locale: lang,
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 },
    javaScriptEnabled: javaScript,
  });
  const outside = [];
  context.on('request', (r) => { const h = new URL(r.url()).hostname; if (h !== 'localhost' && !h.endsWith('.localhost')) outside.push(r.url()); });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (m) => { if (m.type() === 'error') problems.push(m.text()); });
  page.on('pageerror', (e) => problems.push(String(e)));
  return { context, page, outside, problems };
}

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

/** Violations of WCAG 2.2 A and AA, and what axe could not decide, as text. */
export async function barriers(page) {
  const result = await new AxeBuilder({ page }).withTags(TAGS).options({ rules: { 'target-size': { enabled: true } } }).analyze();
  const show = (list) => list.map((v) => `${v.id}: ${v.help} — ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')}`);
  return { violations: show(result.violations), incomplete: show(result.incomplete) };
}

/** Saves a picture where YUNLONG_SCRATCH says. */
export async function picture(page, name) {
  const dir = join(process.env.YUNLONG_SCRATCH ?? tmpdir(), 'pictures');
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${name}.png`), fullPage: true });
}
