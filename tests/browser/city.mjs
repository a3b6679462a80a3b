// A city for the browser tests: the real server, a real Chromium, and axe.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
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

// Below the ports that Linux gives to outgoing connections, as in tests/ports: the system's own choice may be
// one of theirs by the time that the server starts.
let chosen = 0;
const freePort = () => new Promise((resolve) => {
  const s = createServer();
  const port = 10240 + (process.pid * 8 + chosen++) % 22528;
  s.on('error', () => resolve(freePort()));
  s.listen(port, () => s.close(() => resolve(port)));
});

export const PASSWORD = 'yunlong-demo';

/** Both languages and both widths, for the stories of those who work. */
export const WAYS = [
  { how: 'Chinese, desktop', name: 'zh', lang: 'zh-CN', phone: false },
  { how: 'English, phone', name: 'en-phone', lang: 'en', phone: true },
];

/** Whose the apps are: each department's app is its own, the others are the city's. */
const DEPARTMENTS = { 'tourism-ticketing': '11320300MB000YL15P', 'logistics-finance': '11320300MB000YL74T', 'education-resources': '11320300MB000YL90G' };
const organization = (app) => DEPARTMENTS[app] ?? '320300';
/** What an app is set to at its installation. */
const SETTINGS = { 'tourism-ticketing': 'admission_window = "any-time"', 'education-resources': 'sample = "xuzhou"' };

/** Starts the server with the apps installed, and with more arguments; `stop` ends it. */
export async function startCity(apps = ['tourism-ticketing', 'guestbook'], more = []) {
  const packages = need('YUNLONG_PACKAGES');
  const data = mkdtempSync(join(tmpdir(), 'yunlong-browser-'));
  const [port, admin, registry] = [await freePort(), await freePort(), await freePort()];
  const plan = join(data, 'plan.toml');
  writeFileSync(plan, apps.map((a) => `[[install]]\npackage = ${JSON.stringify(join(packages, `${a}.tar`))}\norganization = "${organization(a)}"\n`
    + (a in SETTINGS ? `[install.config]\n${SETTINGS[a]}\n` : '')).join('\n'));
  // The same few components run in all these cities: they are compiled once.
  const compiled = join(packages, '..', 'cities', 'compiled');
  const args = ['serve', '--demo', '--option', 'registry.fault_seconds=0',
    '--option', `runtime.compiled=${JSON.stringify(compiled)}`, '--data', data, '--demo-citizens', '20', '--port', `${port}`, '--admin-port', `${admin}`,
    '--registry-port', `${registry}`,
    '--trust-key', join(packages, 'demo-vendor.pem'),
    '--plan', plan, ...more];
  const child = spawn(need('YUNLONG_BIN'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (d) => { log += d; });
  await new Promise((resolve, reject) => {
    let out = '';
    const timer = setTimeout(() => reject(new Error(`not ready within five minutes:\n${log}`)), 300_000);
    child.stdout.on('data', (d) => { out += d; if (out.includes('ready http')) { clearTimeout(timer); resolve(); } });
    child.on('exit', (code) => { clearTimeout(timer); reject(new Error(`the server ended (${code}):\n${log}`)); });
  });
  const origin = (label) => `http://${label ? `${label}.` : ''}localhost:${port}`;
  return {
    origin,
    port,
    registry: `http://localhost:${registry}`,
    log: () => log,
    stop: async () => {
      const ended = new Promise((r) => child.once('exit', r));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The signed package of an example under another version, its manifest changed: a file in `dir`. */
export function repackage(app, version, dir, change = (manifest) => manifest) {
  const packages = need('YUNLONG_PACKAGES');
  const manifest = readFileSync(new URL(`../../examples/${app}/app.toml`, import.meta.url), 'utf8');
  const [source, file] = [join(dir, `${app}-${version}`), join(dir, `${app}-${version}.tar`)];
  mkdirSync(source);
  writeFileSync(join(source, 'app.toml'), change(manifest.replace(/^version = .*$/m, `version = "${version}"`)));
  execFileSync(need('YUNLONG_BIN'), ['package', source, '--component', join(packages, `../wasm32-wasip2/guest/${app}.wasm`),
    '--key', join(packages, 'demo-vendor.pem'), '--output', file, '--quiet']);
  return file;
}

/** An answer of the platform's API as JSON. Node does not resolve names under localhost by itself, so the host is told. */
function ask(city, host, method, path, { token, json, bytes } = {}) {
  const body = bytes ?? (json === undefined ? undefined : JSON.stringify(json));
  const headers = { host: `${host}:${city.port}`, accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  if (json !== undefined) headers['content-type'] = 'application/json';
  if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: city.port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (d) => { text += d; });
      response.on('end', () => {
        if (response.statusCode < 300) resolve(text ? JSON.parse(text) : null);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Publishes a package's file as the demo vendor and approves it as the city's reviewer; its digest. */
export async function publishAndApprove(city, file) {
  const signIn = async (account) => (await ask(city, 'localhost', 'POST', '/api/v1/sessions', { json: { account, password: PASSWORD } })).token;
  const [vendor, reviewer] = [await signIn('vendor'), await signIn('city-reviewer')];
  const console_ = (token, method, path, body) => ask(city, 'console.localhost', method, path, { token, ...body });
  const { number, digest } = await console_(vendor, 'POST', '/api/v1/packages', { bytes: readFileSync(file) });
  const at = `/api/v1/submissions/${number}`;
  let submission;
  for (let n = 0; n < 2_400; n += 1) {
    submission = await console_(reviewer, 'GET', at);
    if (!['submitted', 'checking'].includes(submission.state)) break;
    await new Promise((r) => setTimeout(r, 100));
  }
  if (submission.state !== 'approved') {
    assert.equal(submission.state, 'waiting', JSON.stringify(submission.findings));
    await console_(reviewer, 'POST', `${at}/assign`, { json: {} });
    await console_(reviewer, 'POST', `${at}/approve`, { json: { remark: '测试审核通过', findings: submission.checked.findings } });
  }
  return digest;
}

export async function startBrowser() {
  return chromium.launch({
    executablePath: need('CHROMIUM'),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/** Everybody who has opened a browser: `assertCalm` looks at all of them. */
const everybody = [];

/**
 * A browser of one person: its own cookies. `visits` is an origin outside the platform where the person goes on purpose: what
 * happens there is not the platform's. What else a test expects in the console goes into `expected`.
 */
export async function person(browser, { lang = 'zh-CN', phone = false, javaScript = true, visits = null } = {}) {
  const context = await browser.newContext({
    locale: lang,
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 },
    javaScriptEnabled: javaScript,
  });
  const elsewhere = (url) => visits !== null && url.startsWith(visits);
  const outside = [];
  context.on('request', (r) => {
    // The viewer in which the browser shows a PDF is made of pages of its own.
    if (/^chrome(-extension)?:/.test(r.url())) return;
    const host = new URL(r.url()).hostname;
    if (host === 'localhost' || host.endsWith('.localhost') || elsewhere(r.url())) return;
    if (r.isNavigationRequest() || !elsewhere(r.frame().url())) outside.push(r.url());
  });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (m) => { if (m.type() === 'error' && !elsewhere(page.url())) problems.push(m.text()); });
  page.on('pageerror', (e) => { if (!elsewhere(page.url())) problems.push(String(e)); });
  const expected = [];
  everybody.push({ outside, problems, expected });
  return { context, page, outside, problems, expected };
}

/** Nobody's browser asked another host for anything, met a script error or a breach of the content security policy. */
export function assertCalm() {
  // Chromium writes a line for every page that answers 4xx or 5xx, which some tests want to see.
  const refused = /^Failed to load resource: the server responded with a status of (4\d\d|503)/;
  for (const { outside, problems, expected } of everybody.splice(0)) {
    assert.deepEqual(outside, [], 'a page asked another host for something');
    const unexpected = problems.filter((p) => ![refused, ...expected].some((e) => e.test(p)));
    assert.deepEqual(unexpected, [], 'a page had errors in the console');
  }
}

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

/**
 * What axe cannot decide, and who has looked at it: these fields carry the base stylesheet's sign (a magnifier, a calendar, an
 * arrow, the mark of an error) as a background image, and axe computes no contrast over images. Their text stands beside the sign
 * on the plain ground, `--ink` on `--card`: 14.6 : 1 in the light and 13.6 : 1 in the dark scheme.
 */
const KNOWN = [
  { rule: 'color-contrast', nodes: 'input[type=search], input[type=date], input[type=month], input[type=time], select, [aria-invalid=true]' },
  // The code of a permission or of a ticket that breaks over two lines on a phone: axe finds no single ground behind it. In a
  // wide window, where the same code in the same colours stands on one line, axe decides it, and it passes.
  { rule: 'color-contrast', nodes: ':is(small, strong) > code' },
  // The letters of a chart are filled as SVG: axe computes no contrast of `fill`. They are `--ink` on `--card`, and on a map on a
  // ground of `--card` of their own: 14.6 : 1 in the light and 13.6 : 1 in the dark scheme.
  { rule: 'color-contrast', nodes: '.chart-canvas text' },
  // Axe hears nothing: the only film of the pages that are looked at is the sample's, which has no sound.
  { rule: 'video-caption', nodes: 'video' },
  // In the frame of a document is the browser's own viewer, which is not looked into.
  { rule: 'frame-tested', nodes: 'iframe.document' },
];

/** Violations of WCAG 2.2 A and AA, and what axe could not decide and nobody has looked at, as text. */
export async function barriers(page) {
  // `options` replaces all options, the tags as well: it comes first. The only frames are those of documents, and in them is the
  // browser's own viewer: they must have a name, and are not looked into. The legacy mode takes half the time, since it opens no
  // page of its own to sum up what frames found.
  const options = { resultTypes: ['violations', 'incomplete'], rules: { 'target-size': { enabled: true } }, iframes: false };
  const result = await new AxeBuilder({ page }).setLegacyMode(true).options(options).withTags(TAGS).analyze();
  const reason = (n) => n.any.map((check) => check.message)[0] ?? '';
  const show = (v, nodes) => `${v.id}: ${v.help} — ${nodes.slice(0, 3).map((n) => `${n.target.join(' ')} (${reason(n)})`).join(' | ')}`;
  const undecided = [];
  for (const v of result.incomplete) {
    const known = KNOWN.filter((k) => k.rule === v.id).map((k) => k.nodes).join(', ');
    const open = [];
    for (const node of v.nodes) {
      const passes = known && await page.locator(node.target[0]).evaluate((element, nodes) => element.matches(nodes), known);
      if (!passes) open.push(node);
    }
    if (open.length) undecided.push(show(v, open));
  }
  return { violations: result.violations.map((v) => show(v, v.nodes)), undecided };
}

/** No barriers on this page, nothing undecided that nobody has looked at, nothing wider than the window; and a picture of it. */
export async function clean(page, name) {
  const { violations, undecided } = await barriers(page);
  assert.deepEqual(violations, [], `${name}: ${page.url()}`);
  assert.deepEqual(undecided, [], `${name}, undecided: ${page.url()}`);
  assert.deepEqual(await beyondTheWindow(page), [], `${name}: wider than the window: ${page.url()}`);
  await picture(page, name);
}

/**
 * `clean`, and on a telephone as wide as the smallest ones: 320 px, which is also what a window of 1280 px shows at 400 %
 * (WCAG 1.4.10, reflow).
 */
export async function cleanAndNarrow(page, name) {
  await clean(page, name);
  const size = page.viewportSize();
  if (size.width >= 400) return;
  await page.setViewportSize({ width: 320, height: size.height });
  // Charts follow the window by a script, a moment later.
  let beyond = await beyondTheWindow(page);
  for (let n = 0; n < 20 && beyond.length > 0; n += 1) {
    await new Promise((r) => { setTimeout(r, 100); });
    beyond = await beyondTheWindow(page);
  }
  assert.deepEqual(beyond, [], `${name}: wider than 320 px: ${page.url()}`);
  await page.setViewportSize(size);
}

/**
 * Pages in English on a telephone: `cleanAndNarrow`, and none of what the page itself says is left in Chinese; names and titles
 * that people gave may be.
 */
export async function inEnglish(page, at, paths, name) {
  await page.goto(at(paths[0]));
  await Promise.all([page.waitForEvent('load'), page.getByRole('banner').getByRole('button', { name: 'English' }).click()]);
  for (const path of paths) {
    assert.equal((await page.goto(at(path))).status(), 200, path);
    await cleanAndNarrow(page, `${name}${path.replaceAll(/[/?=]/g, '-')}`);
    const said = await page.locator('main :is(legend, button, thead th, dt, label), main h2:not(:has(a))').allTextContents();
    assert.deepEqual(said.filter((words) => /\p{Script=Han}/u.test(words)), [], `${name}: in Chinese: ${page.url()}`);
  }
}

/** What reaches beyond the window to the right, so that the page would have to be moved sideways. */
function beyondTheWindow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const beyond = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > width + 0.5);
    return beyond.slice(-3).map((e) => e.outerHTML.slice(0, 120));
  });
}

/** In elder mode no letter is under 18 px outside charts, whose tables say the same; nothing to press or to fill in is lower than 44 px. */
export async function assertRoomy(page) {
  const { letters, targets } = await page.evaluate(() => {
    const isSeen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility === 'visible' && !e.closest('svg, .skip-link');
    const isSaid = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== '');
    const small = (e) => parseFloat(getComputedStyle(e).fontSize) < 18;
    const low = (e) => (e.closest('label.choice') ?? e).getBoundingClientRect().height < 43.5;
    const pressed = 'button, [role=button], input, select, textarea, summary, nav a, footer a, .actions a, td > a, th > a';
    const shown = (e) => e.outerHTML.slice(0, 90);
    const all = (of) => [...document.querySelectorAll(of)].filter(isSeen);
    return { letters: all('body *').filter(isSaid).filter(small).map(shown), targets: all(pressed).filter(low).map(shown) };
  });
  assert.deepEqual(letters, [], `letters under 18 px: ${page.url()}`);
  assert.deepEqual(targets, [], `targets under 44 px: ${page.url()}`);
}

/** Paper has what is printed alone, and none of the frame around it; a picture of it. */
export async function onPaper(page, name) {
  await page.emulateMedia({ media: 'print' });
  for (const frame of ['.city-header', '.city-footer', 'nav', 'button', '[data-print]']) {
    for (const part of await page.locator(frame).all()) {
      assert.equal(await part.isVisible(), false, `${name}: ${frame} on paper: ${page.url()}`);
    }
  }
  assert.ok(await page.locator('main .print-view').isVisible(), `${name}: nothing on paper: ${page.url()}`);
  await picture(page, name);
  await page.emulateMedia({ media: null });
}

/** Saves a picture where YUNLONG_SCRATCH says. */
export async function picture(page, name) {
  const dir = join(process.env.YUNLONG_SCRATCH ?? tmpdir(), 'pictures');
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${name}.png`), fullPage: true });
}
