// A package's way through the city, in a real browser: a vendor publishes it, a reviewer of another organization approves it,
// a department installs it with a form and roles, a citizen finds it in the catalogue and uses it; a newer version is taken by
// itself, a wider one waits for a person, and at the end its data is exported and it is removed. Every page on the way is looked
// at by axe, the catalogue and the department's pages in both languages, on a phone and in elder mode.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, assertCalm, cleanAndNarrow as look, person, publishAndApprove, startBrowser, startCity } from './city.mjs';

const APP = 'guestbook';
const clean = (page, name) => look(page, `registry-${name}`);

let city;
let browser;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'yunlong-registry-'));
  // Another app than that of the story: nothing of it is published yet.
  city = await startCity(['ticker']);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await city?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(assertCalm);

const console_ = (path = '/') => city.origin('console') + path;
const portal = (path = '/') => city.origin('') + path;

async function signIn(page, account) {
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
  await page.waitForLoadState();
}

/** Somebody at the console. */
async function desk(account, options) {
  const who = await person(browser, options);
  await who.page.goto(console_());
  await signIn(who.page, account);
  await who.page.waitForURL(`${console_('')}/**`);
  return Object.assign(who.page, { expected: who.expected });
}

/** The signed package of the story, with a listing and a picture of the portal. */
async function packaged(version, { changes, top = '' }) {
  const packages = process.env.YUNLONG_PACKAGES;
  const [source, file] = [join(folder, version), join(folder, `${APP}-${version}.tar`)];
  mkdirSync(join(source, 'assets'), { recursive: true });
  const manifest = readFileSync(new URL(`../../examples/${APP}/app.toml`, import.meta.url), 'utf8');
  const changed = manifest.replace(/^version = .*$/m, `version = "${version}"`);
  writeFileSync(join(source, 'app.toml'), `${top}\n${changed}\n[assets]\ndir = "assets"\n`);
  writeFileSync(join(source, 'listing.toml'), `category = "citizen-services"
changes = { zh = "${changes[0]}", en = "${changes[1]}" }
[[screenshots]]
file = "first.png"
caption = { zh = "留言簿的首页", en = "The guestbook's first page" }
`);
  const artist = await person(browser);
  await artist.page.goto(portal('/help'));
  await artist.page.screenshot({ path: join(source, 'assets/first.png') });
  execFileSync(process.env.YUNLONG_BIN, ['package', source, '--component', join(packages, `../wasm32-wasip2/guest/${APP}.wasm`),
    '--key', join(packages, 'demo-vendor.pem'), '--output', file, '--quiet']);
  return file;
}

/** Loads a page until it holds. */
async function until(page, url, holds) {
  for (let i = 0; i < 150; i += 1) {
    await page.goto(url);
    if (await holds()) return;
    await new Promise((r) => { setTimeout(r, 200); });
  }
  assert.fail(`it did not happen: ${url}: ${await page.textContent('main')}`);
}

const text = (page) => page.textContent('main');

test('a vendor publishes, a reviewer approves, a department installs, a citizen uses it', async () => {
  // The catalogue knows nothing of it.
  const citizen = await person(browser);
  await citizen.page.goto(portal('/apps?q=%E7%95%99%E8%A8%80%E7%B0%BF'));
  assert.match(await text(citizen.page), /没有符合的应用/);
  await clean(citizen.page, '01-catalogue-empty');

  // The vendor uploads it at the console.
  const file = await packaged('1.0.0', { changes: ['首次发布', 'The first version'] });
  const vendor = await desk('vendor');
  await vendor.waitForURL('**/reviews');
  await clean(vendor, '02-vendor-list');
  await vendor.setInputFiles('#package', { name: 'wrong.tar', mimeType: 'application/x-tar', buffer: Buffer.from('this is no package') });
  await vendor.locator('form[enctype] button').click();
  await vendor.waitForSelector('[role=alert]');
  await clean(vendor, '03-vendor-refused');
  await vendor.setInputFiles('#package', file);
  // The line breaks, then a proxy answers in the platform's place: the file stays chosen, to be sent again.
  vendor.expected.push(/^Failed to load resource: (net::ERR_CONNECTION_RESET|the server responded with a status of 502)/);
  const faults = [(route) => route.abort('connectionreset'), (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' })];
  for (const [n, words] of [/连接中断/, /没有收下安装包[\s\S]*502/].entries()) {
    await vendor.route('**/reviews', (route) => (route.request().method() === 'POST' ? faults[n](route) : route.fallback()));
    await vendor.locator('form[enctype] button').click();
    assert.match(await vendor.locator('form[enctype] [role=alert]').textContent(), words);
    assert.equal(await vendor.locator('#package').evaluate((input) => input.files[0].name), `${APP}-1.0.0.tar`);
    await clean(vendor, `03-vendor-fault-${n}`);
    await vendor.unroute('**/reviews');
  }
  await vendor.locator('form[enctype] button').click();
  await vendor.waitForURL(/\/reviews\/\d+\?published=1/);
  const submission = new URL(vendor.url()).pathname;
  await until(vendor, console_(submission), async () => /待分配审核人/.test(await text(vendor)));
  await clean(vendor, '04-vendor-submitted');
  await vendor.goto(console_('/reviews'));
  assert.match(await text(vendor), /留言簿 1\.0\.0[\s\S]*等待审核员领取/);
  await clean(vendor, '05-vendor-own-list');

  // A reviewer of another organization looks at what the binary can do, and decides.
  const reviewer = await desk('city-reviewer');
  await reviewer.waitForURL('**/reviews');
  await clean(reviewer, '06-reviewer-list');
  await reviewer.locator('main tbody th a', { hasText: '留言簿' }).first().click();
  await reviewer.waitForURL(console_(submission));
  assert.match(await text(reviewer), /从安装包里的二进制读出/);
  assert.match(await text(reviewer), /wasi:http\/incoming-handler/);
  const shot = reviewer.locator('.shots img');
  await shot.scrollIntoViewIfNeeded();
  await reviewer.waitForFunction(() => document.querySelector('.shots img').naturalWidth > 0);
  await clean(reviewer, '07-reviewer-findings');
  await reviewer.locator('button[value=assign]').first().click();
  await reviewer.waitForURL(/done=1/);
  await reviewer.fill('#comment', '请问留言保存多久？');
  await reviewer.locator('button[value=comment]').click();
  await reviewer.waitForURL(/done=1/);
  await reviewer.locator('button[value=reject]').click();
  await reviewer.waitForSelector('[role=alert]');
  await clean(reviewer, '08-reviewer-needs-a-reason');
  await reviewer.fill('#decision', '功能与说明一致，可以上架。');
  await reviewer.locator('button[value=approve]').click();
  await reviewer.waitForSelector('h1 >> text=确认通过');
  await clean(reviewer, '09-reviewer-confirms');
  await reviewer.locator('main form button[value=approve]').click();
  await reviewer.waitForURL(/done=1/);
  assert.match(await text(reviewer), /已通过/);
  await clean(reviewer, '10-reviewer-approved');

  // The department reads, approves each permission, fills in the form, and assigns a role.
  const department = await desk('tourism-admin');
  await department.goto(console_('/install'));
  await clean(department, '11-department-choose');
  await department.fill('#q', '留言簿');
  await department.locator('form[role=search] button').click();
  await department.locator('main tbody a').first().click();
  await department.waitForURL(/\/install\/sha256/);
  assert.match(await text(department), /功能与说明一致/);
  await clean(department, '12-department-page');
  const fill = (field, value) => department.fill(`[name="${field}"]`, value);
  for (const box of await department.locator('input[name=approve]').all()) await box.check();
  await fill('role.moderator', 'citizen-001');
  await fill('config.entries_per_person', '7');
  const install = department.locator('main form button', { hasText: '批准并安装' });
  await install.click();
  await department.waitForSelector('[role=alert]');
  assert.equal(await department.getAttribute('[name="role.moderator"]', 'aria-invalid'), 'true');
  assert.equal(await department.inputValue('[name="config.entries_per_person"]'), '7', 'what was typed stays');
  await clean(department, '13-department-wrong-role');
  await fill('role.moderator', 'tourism-gate');
  await install.click();
  await department.waitForURL(/\/apps\/guestbook\?saved=1/, { timeout: 120_000 });
  assert.match(await text(department), /tourism-gate/);
  assert.equal(await department.inputValue('[name="config.entries_per_person"]'), '7');
  await clean(department, '14-department-installed');

  // A citizen finds it without signing in, and uses it.
  const { page } = citizen;
  await page.goto(portal());
  await page.locator('main a[href="/apps"]').click();
  await clean(page, '15-catalogue');
  await page.fill('#q', '留言簿');
  await page.locator('form[role=search] button').click();
  await page.locator('main h2 a', { hasText: '留言簿' }).click();
  await page.waitForURL('**/apps/guestbook');
  assert.match(await text(page), /功能与说明一致，可以上架/);
  assert.match(await text(page), /不读取姓名、证件号码等个人信息/);
  await page.locator('.shots img').scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector('.shots img').naturalWidth > 0);
  await clean(page, '16-catalogue-app');
  const [proof] = await Promise.all([page.waitForEvent('download'), page.locator('a[download]').first().click()]);
  const proved = JSON.parse(readFileSync(await proof.path(), 'utf8'));
  assert.match(proved.digest, /^sha256:/);
  await page.locator('section[aria-labelledby=open] a').first().click();
  await page.waitForURL(`${city.origin(APP)}/**`);
  await page.goto(`${city.origin(APP)}/write`);
  if (await page.locator('input[name=account]').count()) await signIn(page, 'citizen-001');
  await page.goto(`${city.origin(APP)}/write`);
  await page.fill('input[name=name]', '彭城市民');
  await page.fill('textarea[name=text]', '云龙湖很美。');
  await page.locator('main form button[type=submit]').first().click();
  await page.waitForSelector('text=云龙湖很美。');
  await clean(page, '17-citizen-uses-it');
});

for (const [name, options, elder] of [['zh', {}, false], ['en-phone', { lang: 'en', phone: true }, false], ['zh-elder', { phone: true }, true]]) {
  test(`the catalogue and the department's pages have no barriers (${name})`, async () => {
    const { page } = await person(browser, options);
    await page.goto(portal('/apps'));
    if (elder) {
      await page.locator('header form button[name=elder][value=true]').click();
      await page.waitForLoadState();
    }
    await clean(page, `ways-${name}-1-catalogue`);
    for (const [path, what] of [['/apps?area=public-services', '2-area'], ['/apps?category=citizen-services', '3-category'],
      ['/apps?q=nothing-like-it', '4-nothing'], ['/apps/guestbook', '5-app'], ['/apps/no-such-app', '6-missing'], ['/topics', '6-topics'],
      ['/topics/platform/city.payments', '6-topic'], ['/topics?q=nothing-like-it', '6-no-topic'], ['/help#apps', '7-help']]) {
      await page.goto(portal(path));
      await clean(page, `ways-${name}-${what}`);
    }
    // What leads somewhere by itself is 44 px high.
    await page.goto(portal('/apps'));
    for (const link of await page.locator('.categories a').all()) {
      const { height } = await link.boundingBox();
      assert.ok(height >= 43.5, `a category's link is ${height} px high`);
    }
    const department = await desk('tourism-admin', options);
    for (const [path, what] of [['/', '8-front'], ['/install', '9-choose'], ['/apps/guestbook', '10-app'], ['/apps/guestbook/versions', '11-versions'],
      ['/apps/guestbook/export', '12-export'], ['/apps/guestbook/uninstall', '13-uninstall'], ['/help#reviews', '14-help']]) {
      await department.goto(console_(path));
      await clean(department, `ways-${name}-${what}`);
    }
    await department.goto(console_('/install?q=guestbook'));
    await department.locator('main tbody a').first().click();
    await clean(department, `ways-${name}-15-install`);
    const reviewer = await desk('city-reviewer', options);
    await clean(reviewer, `ways-${name}-16-reviews`);
    await reviewer.locator('main tbody th a').first().click();
    await clean(reviewer, `ways-${name}-17-review`);
  });
}

test('what asks for nothing more is taken by itself, and what asks for more waits for the department', async () => {
  const department = await desk('tourism-admin');
  await department.goto(console_('/apps/guestbook/versions'));
  await department.locator('button[name=automatic][value=true]').click();
  await department.waitForURL(/done=1/);
  await clean(department, '20-automatic-on');
  await publishAndApprove(city, await packaged('1.0.1', { changes: ['修正错字', 'Mends a typo'] }));
  await until(department, console_('/apps/guestbook/versions'), async () => /当前版本：1\.0\.1/.test(await text(department)));
  assert.match(await text(department), /platform/);
  await clean(department, '21-upgraded-by-itself');

  const wide = await packaged('1.1.0', { changes: ['接入天气', 'Shows the weather'], top: 'outbound = ["example.org"]' });
  const digest = await publishAndApprove(city, wide);
  await until(department, console_(`/apps/guestbook/upgrade/${digest}`), async () => /新增或放宽的权限/.test(await text(department)));
  assert.match(await text(department), /访问互联网主机 example\.org/);
  await clean(department, '22-upgrade-page');
  await department.goto(console_('/apps/guestbook/versions'));
  assert.match(await text(department), /等待您决定/);
  await clean(department, '23-waits-for-a-person');
});

test('its data is exported and it is removed', async () => {
  const department = await desk('tourism-admin');
  await department.goto(console_('/apps/guestbook'));
  await department.locator('form[action$="/stop"] button').click();
  await department.waitForURL(/saved=1/);
  assert.match(await text(department), /已暂停/);
  await clean(department, '30-paused');
  await department.goto(console_('/apps/guestbook/uninstall'));
  await department.locator('main a[href$="/export"]').click();
  await department.waitForURL(/\/export$/);
  const [file] = await Promise.all([department.waitForEvent('download'), department.locator('main form button').first().click()]);
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\n').map((l) => JSON.parse(l));
  assert.equal(lines[0].export.installation, APP);
  assert.ok(lines.some((l) => JSON.stringify(l.document ?? '').includes('云龙湖很美。')), 'the message is in the file');
  assert.equal(lines.at(-1).end.documents, lines.filter((l) => l.collection).length);
  await department.goto(console_('/apps/guestbook/uninstall'));
  await department.locator('#data-exported').check();
  await department.fill('#confirm', 'guestboo');
  await department.locator('button.danger').click();
  await department.waitForSelector('[role=alert]');
  await clean(department, '31-wrong-name');
  await department.locator('#data-exported').check();
  await department.fill('#confirm', APP);
  await department.locator('button.danger').click();
  await department.waitForURL(/removed=1/);
  await clean(department, '32-removed');
});
