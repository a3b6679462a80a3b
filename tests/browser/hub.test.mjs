// Shared data, in a real browser: a provider narrows what an app may read, a citizen consents to it, buys
// at the concession price, sees the read within a second, takes the consent back, has an error
// corrected and what is kept erased; the audit administrator's download passes the independent verifier.
// Every page on the way is looked at by axe, in Chinese and English, in elder mode, and on a phone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, assertCalm, clean as look, person, startBrowser, startCity } from './city.mjs';

let city;
let browser;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'yunlong-hub-'));
  city = await startCity(['tourism-ticketing']);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await city?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(assertCalm);

const APP = 'tourism-ticketing';
const clean = (page, name) => look(page, `hub-${name}`);

/** A day from now in Shanghai, `YYYY-MM-DD`. */
const day = (n) => new Date(Date.now() + 8 * 3600e3 + n * 86400e3).toISOString().slice(0, 10);

async function signIn(page, account) {
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
  await page.waitForLoadState();
}

/** Somebody at the portal, the console or the app. */
async function open(label, path, account, options) {
  const who = await person(browser, options);
  await who.page.goto(city.origin(label) + path);
  await signIn(who.page, account);
  await who.page.waitForURL(`${city.origin(label)}/**`);
  assert.equal(await who.page.locator('a.who').count(), 1, `${account} is not signed in`);
  if (new URL(who.page.url()).pathname !== path.split('?')[0]) await who.page.goto(city.origin(label) + path);
  return who;
}

const console_ = (path, account, options) => open('console', path, account, options);

/** Looks at a page in both languages, and in elder mode. */
async function everyWay(page, url, name) {
  await page.goto(url);
  for (const [field, value] of [['lang', 'en'], ['elder', 'true'], ['lang', 'zh'], ['elder', 'false']]) {
    await page.locator(`header form button[name=${field}][value=${value}]`).click();
    await page.waitForLoadState();
    await clean(page, `${name}-${field}-${value}`);
  }
}

/** The request of the tickets, at the provider's desk. */
async function atDesk(options) {
  const desk = await console_('/hub/requests?box=in', 'police-data', options);
  await desk.page.locator('main tbody a').first().click();
  await desk.page.waitForURL('**/hub/requests/*');
  return desk;
}

/** The order form for tomorrow, of a sight with a price by age. */
async function orderForm(page) {
  await page.goto(`${city.origin(APP)}/attractions/guishan?date=${day(1)}`);
  await page.locator('main a[href*="/order?"]').first().click();
  await page.waitForSelector('input[name="v0-name"], input[name=password]');
}

test('a provider refuses, is asked again, and gives no more than the age', async () => {
  const desk = await atDesk();
  await clean(desk.page, 'request-filed');
  await desk.page.locator('form[action$="/refuse"] textarea').fill('请说明为什么需要出生日期');
  await desk.page.locator('form[action$="/refuse"] button').click();
  await desk.page.waitForSelector('text=未批准');
  await clean(desk.page, 'request-refused');

  const asking = await console_(`/apps/${APP}`, 'tourism-admin');
  await clean(asking.page, 'app-with-datasets');
  await asking.page.locator(`form[action="/apps/${APP}/datasets"] button`).first().click();
  await asking.page.waitForLoadState();
  assert.match(await asking.page.textContent('main'), /待受理/);

  // What it asks for, and from whom, stands on the page where it is installed.
  await asking.page.goto(`${city.origin('console')}/install`);
  await asking.page.locator('main tbody a').first().click();
  await asking.page.waitForURL('**/install/sha256*');
  assert.match(await asking.page.textContent('main'), /向其他部门申请的信息资源.*徐州市公安局（示例）/s);
  await clean(asking.page, 'asked-before-installing');
  const phone = await console_(`/apps/${APP}`, 'tourism-admin', { lang: 'en', phone: true });
  await clean(phone.page, 'app-phone');
  await phone.page.goto(asking.page.url());
  await clean(phone.page, 'asked-phone');

  await desk.page.goto(`${city.origin('console')}/hub/requests?box=in&open=true`);
  await clean(desk.page, 'requests-open');
  await desk.page.locator('main tbody a').first().click();
  await desk.page.locator('form[action$="/accept"] button').click();
  await desk.page.waitForSelector('text=办理中');
  await desk.page.selectOption('select[name="mask.birth_date"]', 'age');
  // More than was asked for is refused beside the field.
  await desk.page.fill('input[name=until]', '2099-01-01');
  await desk.page.locator('form[action$="/approve"] button').click();
  await desk.page.waitForSelector('#until-error');
  await clean(desk.page, 'decision-refused');
  assert.equal(await desk.page.inputValue('select[name="mask.birth_date"]'), 'age');
  await desk.page.fill('input[name=until]', day(30));
  await desk.page.locator('form[action$="/approve"] button').click();
  await desk.page.waitForSelector('text=部分批准');
  assert.match(await desk.page.textContent('main'), /只给周岁/);
  await clean(desk.page, 'request-narrowed');
});

/** Consents in the window that the order form opens, and sends the form again, which then reads. */
async function consent(page, name) {
  const [asked] = await Promise.all([page.waitForEvent('popup'), page.locator('main a[href*="/consent"]').first().click()]);
  await asked.waitForSelector('button[value=give]');
  await clean(asked, `${name}-consent`);
  await asked.locator('button[value=give]').click();
  await asked.waitForURL(/\/order\/consented/);
  await asked.close();
  await Promise.all([page.waitForEvent('load'), page.locator('button[value=again]').click()]);
}

for (const { how, name, account, ...options } of [
  { how: 'Chinese, desktop', name: 'zh', account: 'citizen-015', lang: 'zh-CN' },
  { how: 'English, phone', name: 'en', account: 'citizen-005', lang: 'en', phone: true },
]) {
  test(`a citizen buys at the concession price, sees the read, and takes the consent back (${how})`, async () => {
    const { page } = await person(browser, options);
    const zh = name === 'zh';
    await orderForm(page);
    if (await page.locator('input[name=password]').count()) await signIn(page, account);
    await page.waitForSelector('input[name="v0-name"]');
    assert.equal(await page.locator('select[name="v0-concession"] option[value=senior]').count(), 0, 'a price by age without consent');
    const read = zh ? /徐州市文化广电和旅游局（示例）的应用“景区电子联票”.*读取了您的出生日期/ : /Attraction tickets”.*read your Date of birth/;
    await consent(page, name);
    const senior = page.locator('select[name="v0-concession"] option[value=senior]');
    assert.equal(await senior.count(), 1, await page.textContent('main'));
    await clean(page, `${name}-order-form`);

    await page.goto(`${city.origin('')}/my-data/reads`);
    const log = await page.textContent('main');
    assert.match(log, read);
    assert.match(log, zh ? /本人同意/ : /the person’s consent/);
    await clean(page, `${name}-reads`);
    await page.waitForTimeout(1_000);
    await page.reload();
    await page.locator('ol.entries a').first().click();
    await page.waitForURL('**/my-data/reads/*');
    assert.match(await page.textContent('main'), zh ? /核验通过|印记还在路上/ : /Verified|seal is on the way/);
    await page.locator('details summary').click();
    await clean(page, `${name}-proof`);

    const refusals = page.locator('ol.entries .badge-bad');
    await page.goto(`${city.origin('')}/my-data/reads`);
    const before = await refusals.count();
    await page.goto(`${city.origin('')}/consents`);
    await clean(page, `${name}-consents`);
    await page.locator('form[action="/consents/withdraw"] button').first().click();
    await page.waitForLoadState();
    await clean(page, `${name}-consents-withdrawn`);

    // The next read is refused, in words that a person can do something with.
    await orderForm(page);
    await page.waitForSelector('main a[href*="/consent"]');
    assert.match(await page.textContent('main'), zh ? /授权核对出生日期/ : /consent to check the date of birth/);
    await clean(page, `${name}-refused`);
    await page.goto(`${city.origin('')}/my-data/reads`);
    // It is the newest entry, and one of its own: not the refusal from before the consent.
    assert.match(await page.locator('ol.entries > li').first().textContent(), zh ? /已拒绝.*出生日期.*您没有同意，或者已经撤回/s : /Refused.*Date of birth.*you have not consented, or took it back/s);
    assert.ok((await refusals.count()) > before, 'the refusal after the withdrawal has no entry of its own');
    await clean(page, `${name}-reads-refused`);
  });
}

test('a citizen has an error corrected, takes a copy, and reads what may be erased', async () => {
  const citizen = await open('', '/my-data', 'citizen-012', {});
  const { page } = citizen;
  await clean(page, 'my-data');
  await page.locator('a[href*="item=mobile"], a[href*="item=name"]').first().click();
  await page.waitForSelector('#claimed');
  await clean(page, 'correction-form');
  const mobile = (await page.textContent('main')).includes('手机');
  await page.fill('#claimed', mobile ? '123' : '');
  await page.fill('#reason', '换了号码');
  await page.locator('main form button').first().click();
  if (mobile) {
    await page.waitForSelector('#claimed-error');
    await clean(page, 'correction-wrong');
    assert.equal(await page.inputValue('#reason'), '换了号码');
  }
  await page.fill('#claimed', mobile ? '19900000777' : '改过的名字');
  await page.locator('main form button').first().click();
  await page.waitForURL('**/my-data/corrections?done=1');
  await clean(page, 'corrections');

  const desk = await console_('/hub/corrections?open=true', 'police-data');
  await clean(desk.page, 'queue');
  await desk.page.locator('main tbody a').first().click();
  await desk.page.locator('form[action$="/accept"] button').click();
  await desk.page.waitForSelector('form[action$="/correct"]');
  await clean(desk.page, 'queue-one');
  await desk.page.fill('form[action$="/correct"] textarea', '经核查属实');
  await desk.page.locator('form[action$="/correct"] button').click();
  await desk.page.waitForSelector('text=已更正');

  await page.goto(`${city.origin('')}/my-data/corrections`);
  assert.match(await page.textContent('main'), /已更正.*经核查属实/s);
  await page.goto(`${city.origin('')}/inbox`);
  assert.match(await page.textContent('main'), /更正/);

  // What is missing, and what is not one's own.
  await page.goto(`${city.origin('')}/my-data`);
  await page.locator('a[href^="/my-data/corrections/new?"]:not([href*="item="])').first().click();
  await page.waitForSelector('input[value=no-record]', { state: 'attached' });
  await clean(page, 'correction-not-mine');
  await page.goto(`${city.origin('')}/my-data/corrections/missing`);
  await clean(page, 'correction-missing');

  await page.goto(`${city.origin('')}/my-data/copy`);
  await clean(page, 'copy');
  for (const [file, holds] of [['my-data.json', '"reads"'], ['my-data.csv', '人口基本信息']]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`a[download="${file}"]`).click()]);
    const text = readFileSync(await download.path(), 'utf8');
    assert.ok(text.includes(holds), `${file}: ${text.slice(0, 300)}`);
  }
  await page.goto(`${city.origin('')}/my-data/erasure`);
  await clean(page, 'erasure');
});

test('the pages of My data have no barriers in either language and in elder mode', async () => {
  const { page } = await open('', '/my-data', 'citizen-013', {});
  for (const [path, name] of [['/my-data', 'held'], ['/my-data/reads', 'reads'], ['/my-data/corrections', 'corrections'], ['/my-data/corrections/missing', 'missing'], ['/my-data/copy', 'copy'], ['/my-data/erasure', 'erasure']]) {
    await everyWay(page, city.origin('') + path, `ways-${name}`);
  }
});

test('departments look after the catalogue, grants and quality', async () => {
  const { page } = await console_('/hub', 'police-data', {});
  const origin = city.origin('console');
  for (const [path, name] of [['/hub', 'catalogue'], ['/hub/datasets/population.person', 'entry'], ['/hub/datasets/population.person/edit', 'edit'],
    ['/hub/requests', 'requests'], ['/hub/grants', 'grants'], ['/hub/quality', 'quality'], ['/hub/corrections/new', 'correction-new']]) {
    await everyWay(page, origin + path, `desk-${name}`);
  }
  // A department's own dataset, made without a script.
  await page.goto(`${origin}/hub/datasets/new`);
  await page.fill('#id', 'police.office');
  await page.fill('#title_zh', '派出所');
  await page.fill('#title_en', 'Police offices');
  await page.fill('#summary_zh', '派出所名称和电话');
  await page.fill('#summary_en', 'Names and telephones');
  await page.check('input[name=sharing][value=unconditional]');
  await page.locator('input[name=item_name]').first().fill('code');
  await page.locator('button[value=rows]').click();
  await page.waitForLoadState();
  assert.equal(await page.locator('input[name=item_name]').first().inputValue(), 'code');
  await page.locator('input[name=item_zh]').first().fill('代码');
  await page.locator('input[name=item_en]').first().fill('Code');
  await page.fill('#key', 'number');
  await page.locator('button[value=save]').click();
  await page.waitForSelector('#key-error');
  await clean(page, 'dataset-refused');
  await page.fill('#key', 'code');
  await page.locator('button[value=save]').click();
  await page.waitForURL('**/hub/datasets/police.office?saved=1');
  await clean(page, 'dataset-draft');
  await page.locator('form[action$="/publish"] button').click();
  await page.waitForSelector('text=已发布');

  const phone = await console_('/hub', 'police-data', { lang: 'en', phone: true });
  for (const path of ['/hub', '/hub/datasets/population.person', '/hub/requests', '/hub/grants', '/hub/quality']) {
    await phone.page.goto(origin + path);
    await clean(phone.page, `desk-phone${path.replaceAll('/', '-')}`);
  }
});

test('a grant that is revoked is refused at the next read, and the page says so', async () => {
  const { page } = await person(browser);
  await orderForm(page);
  if (await page.locator('input[name=password]').count()) await signIn(page, 'citizen-010');
  await page.waitForSelector('input[name="v0-name"]');
  await consent(page, 'revoked');
  await page.selectOption('select[name="v0-concession"]', 'senior');

  const desk = await console_('/hub/grants', 'police-data');
  await desk.page.locator('a[href*="/hub/grants/revoke"]').first().click();
  await desk.page.waitForSelector('button[value=revoke]');
  await clean(desk.page, 'grant-revoke');
  await desk.page.fill('#reason', '用途已变更');
  await desk.page.locator('button[value=revoke]').click();
  await desk.page.waitForURL('**/hub/grants?done=1');
  await clean(desk.page, 'grant-revoked');

  await page.fill('input[name="v0-name"]', '李四');
  await page.fill('input[name="v0-id_number"]', '320311199001019995');
  await page.locator('button[value=order]').click();
  await page.waitForLoadState();
  assert.match(await page.textContent('main'), /目前没有授权本应用核对年龄/);
  await clean(page, 'revoked-order');
  await page.goto(`${city.origin('')}/my-data/reads`);
  assert.match(await page.textContent('ol.entries'), /批准已被撤销/);
});

test('the security administrator registers a legal order, and others do not see it', async () => {
  const { page } = await console_('/hub/orders', 'city-security');
  await clean(page, 'orders-empty');
  await page.fill('#reference', '徐公（示例）2026-1');
  await page.fill('#authority', '徐州市公安局（示例）');
  await page.fill('#law', '《中华人民共和国刑事诉讼法》第五十四条');
  await page.fill('#until', day(10));
  await page.locator('main form.card button').last().click();
  await page.waitForURL('**/hub/orders?done=1');
  await clean(page, 'orders');
  const other = await console_('/hub', 'police-data');
  await other.page.goto(`${city.origin('console')}/hub/orders`);
  assert.match(await other.page.textContent('main'), /安全管理员/);
  await clean(other.page, 'orders-refused');
});

test('the audit administrator searches and downloads, and the verifier accepts it', async () => {
  const { page } = await console_('/audit/entries', 'city-audit');
  const origin = city.origin('console');
  for (const [path, name] of [['/audit', 'trail'], ['/audit/entries', 'entries'], ['/audit/log', 'log'], ['/audit/erasure', 'erasure']]) {
    await everyWay(page, origin + path, `audit-${name}`);
  }
  await page.goto(`${origin}/audit/entries?action=data.&dataset=population.person`);
  assert.match(await page.textContent('main'), /concession-check/);
  await page.locator('main tbody td a').first().click();
  await page.waitForURL('**/audit/entries/*');
  await clean(page, 'audit-entry');

  const save = async (click, name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), click()]);
    const file = join(folder, name);
    await download.saveAs(file);
    return file;
  };
  const entry = await save(() => page.locator('a[download^="entry-"]').click(), 'entry.json');
  await page.goto(`${origin}/audit/log`);
  const key = await page.locator('dl.facts code.digest').first().textContent();
  const log = await save(() => page.locator('a[download="audit-log.jsonl"]').click(), 'audit-log.jsonl');
  const opened = await save(() => page.locator('a[download="audit-log-opened.jsonl"]').click(), 'opened.jsonl');
  const verifier = join(dirname(process.env.YUNLONG_BIN), 'yunlong-verify');
  const verify = (...args) => execFileSync(verifier, [...args, '--key', key], { encoding: 'utf8' });
  assert.match(verify('log', log), /ok/);
  assert.match(verify('log', opened), /ok/);
  assert.match(verify('inclusion', entry), /ok/);
});
