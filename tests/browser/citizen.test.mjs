// The way of the README in a real browser: a citizen signs in, consents, buys a timed ticket, pays
// at the sandbox cashier, shows the code, and the gate admits it once. Every page on the way is
// looked at by axe (WCAG 2.2 A and AA), in Chinese and English, desktop and phone, elder mode,
// and without JavaScript.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, WAYS, assertCalm, clean, person, startBrowser, startCity } from './city.mjs';

let city;
let browser;
before(async () => { city = await startCity(); browser = await startBrowser(); });
after(async () => { await browser?.close(); await city?.stop(); });
afterEach(assertCalm);

const APP = 'tourism-ticketing';

/** A day from now in Shanghai, `YYYY-MM-DD`. */
const day = (n) => new Date(Date.now() + 8 * 3600e3 + n * 86400e3).toISOString().slice(0, 10);

async function signIn(page, account) {
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
}

/** From the attraction's page to the order form; signs in on the way when asked. */
async function toOrderForm(page, account, { date = day(1), slot = '09:00' } = {}) {
  await page.goto(`${city.origin(APP)}/attractions/guishan?date=${date}`);
  const link = page.locator(`main a[href*="/order?"][href*="${slot.replace(':', '%3A')}"], main a[href*="/order?"][href*="${slot}"]`).first();
  await link.click();
  if (await page.locator('input[name=password]').count()) await signIn(page, account);
  await page.waitForSelector('input[name="v0-name"]');
}

async function journey({ account, lang, phone, elder, javaScript, name }) {
  const citizen = await person(browser, { lang, phone, javaScript });
  const { page } = citizen;
  const zh = lang.startsWith('zh');
  await page.goto(city.origin(''));
  if (elder) {
    await page.locator('header form button', { hasText: zh ? '长辈' : /elder/i }).first().click();
    assert.ok(await page.locator('html[data-elder]').count(), 'elder mode is on');
    const size = await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
    assert.ok(size >= 18, `text of ${size} px in elder mode`);
  }
  await clean(page, `${name}-1-portal`);
  await page.locator('main a', { hasText: zh ? '景区电子联票' : 'Attraction tickets' }).first().click();
  await page.waitForURL(`${city.origin(APP)}/**`);
  await clean(page, `${name}-2-attractions`);
  await page.goto(`${city.origin(APP)}/attractions/guishan?date=${day(1)}`);
  await clean(page, `${name}-3-slots`);
  await page.locator('main a[href*="/order?"]').first().click();
  await page.waitForSelector('input[name=password]');
  await clean(page, `${name}-4-sign-in`);
  await signIn(page, account);
  await page.waitForSelector('input[name="v0-name"]');

  // A mistake keeps what was typed and is said beside the field.
  await page.fill('input[name="v0-name"]', '李四');
  await page.fill('input[name="v0-id_number"]', '320302199001019990');
  await page.locator('button[value=order]').click();
  await page.locator('.field-error').first().waitFor();
  assert.equal(await page.inputValue('input[name="v0-id_number"]'), '320302199001019990');
  await clean(page, `${name}-5-order-error`);

  // Own data, by consent: in a window of its own, so that what was typed stays.
  await page.locator('button[value=fill]').click();
  const [consent] = await Promise.all([page.waitForEvent('popup'), page.locator('main .notice a[href*="/consent"]').first().click()]);
  // Name, number and mobile are each decided on alone, the number as sensitive.
  for (const scope of ['visitor-name', 'visitor-id', 'visitor-mobile']) {
    await consent.waitForSelector(`input[name=scope][value=${scope}]`, { state: 'attached' });
    await clean(consent, `${name}-6-consent-${scope}`);
    assert.equal(await consent.locator('main .badge-warn').count(), scope === 'visitor-id' ? 1 : 0, `${scope}: what is sensitive says so`);
    // Whoever keeps the mobile back goes on all the same.
    const decision = scope === 'visitor-mobile' ? 'refuse' : 'give';
    await consent.locator(`button[value=${decision}]`).click();
  }
  await consent.waitForURL(/\/order\/consented/);
  await clean(consent, `${name}-6b-consented`);
  await consent.close();
  assert.equal(await page.inputValue('input[name="v0-name"]'), '李四');
  await page.locator('button[value=fill]').click();
  assert.ok((await page.inputValue('input[name="v0-id_number"]')).length === 18, 'the form has the citizen’s own number');
  await clean(page, `${name}-7-order-form`);
  await page.locator('button[value=order]').click();
  await page.waitForURL(/\/orders\//);
  await clean(page, `${name}-8-held`);
  const order = page.url();

  await page.locator('main form[action$="/pay"] button').click();
  await page.waitForURL(/\/cashier\//);
  assert.match(await page.textContent('main'), zh ? /模拟|沙箱/ : /sandbox/i);
  await clean(page, `${name}-9-cashier`);
  await page.locator('main form button').last().click();
  await page.waitForLoadState();
  for (let i = 0; i < 60; i += 1) {
    await page.goto(order);
    if (await page.locator('a[href*="/tickets/0"]').count()) break;
    await new Promise((r) => setTimeout(r, 500));
  }
  await clean(page, `${name}-10-issued`);
  await page.locator('a[href*="/tickets/0"]').click();
  await page.waitForSelector('.qr');
  assert.ok(await page.locator('.qr svg, .qr img').count(), 'the ticket shows a QR');
  await clean(page, `${name}-11-ticket`);
  return { citizen, order };
}

async function codeOf(page) {
  const code = await page.locator('code, .code').first().textContent();
  return code.trim();
}

test('a citizen buys, pays, shows; the gate admits once (Chinese, desktop)', async () => {
  const { citizen } = await journey({ account: 'citizen-001', lang: 'zh-CN', name: 'zh' });
  const code = await codeOf(citizen.page);

  const keeper = await person(browser, { phone: true });
  await keeper.page.goto(`${city.origin(APP)}/gate`);
  await signIn(keeper.page, 'tourism-gate');
  await keeper.page.waitForSelector('input[name=code]');
  await clean(keeper.page, 'gate-1');
  await keeper.page.selectOption('select[name=attraction]', 'guishan');
  await keeper.page.fill('input[name=code]', code);
  await keeper.page.locator('main form button[value=code]').click();
  await keeper.page.waitForSelector('text=可以入园');
  await clean(keeper.page, 'gate-2-admitted');
  await keeper.page.fill('input[name=code]', code);
  await keeper.page.locator('main form button[value=code]').click();
  await keeper.page.waitForSelector('text=不能入园');
  await clean(keeper.page, 'gate-3-refused');

  for (const [path, name] of [['/orders', 'orders'], ['/inbox', 'inbox'], ['/consents', 'consents'], ['/help', 'help']]) {
    await citizen.page.goto(city.origin('') + path);
    await clean(citizen.page, `portal-${name}`);
  }
});

test('the same in English on a phone, the portal in elder mode', async () => {
  await journey({ account: 'citizen-002', lang: 'en', phone: true, elder: true, name: 'en-phone-elder' });
});

test('a typed address works without JavaScript', async () => {
  const { page } = await person(browser, { javaScript: false });
  await toOrderForm(page, 'citizen-003', { slot: '11:00' });
  await page.fill('input[name="v0-name"]', '王五');
  await page.fill('input[name="v0-id_number"]', '320311199001019995');
  await page.locator('button[value=order]').click();
  await page.waitForURL(/\/orders\//);
  await page.locator('main form[action$="/pay"] button').click();
  await page.waitForURL(/\/cashier\//);
  await page.locator('main form button').last().click();
  await page.waitForURL(/\/orders\//);
});

for (const { how, name, ...options } of WAYS) {
  test(`the department looks at its sales, the administrator at the console (${how})`, async () => {
    const manager = await person(browser, options);
    await manager.page.goto(`${city.origin(APP)}/sales`);
    await signIn(manager.page, 'tourism-admin');
    await manager.page.waitForURL(/\/sales/);
    await clean(manager.page, `${name}-sales`);
    await manager.page.goto(`${city.origin(APP)}/sales?date=${day(1)}`);
    await clean(manager.page, `${name}-sales-tomorrow`);

    const admin = await person(browser, options);
    await admin.page.goto(city.origin('console'));
    await signIn(admin.page, 'city-admin');
    await admin.page.waitForURL(`${city.origin('console')}/**`);
    await clean(admin.page, `${name}-console-1-list`);
    for (const path of [`/apps/${APP}`, `/apps/${APP}/log`, `/apps/${APP}/dead-letters`, `/apps/${APP}/uninstall`, '/install', '/signers', '/help']) {
      await admin.page.goto(city.origin('console') + path);
      await clean(admin.page, `${name}-console${path.replaceAll('/', '-')}`);
    }
  });
}

test('a citizen is no administrator', async () => {
  const citizen = await person(browser);
  await citizen.page.goto(city.origin('console'));
  await signIn(citizen.page, 'citizen-004');
  await citizen.page.waitForLoadState();
  await clean(citizen.page, 'console-refused');
  assert.equal(await citizen.page.locator(`a[href*="/apps/${APP}"]`).count(), 0, 'a citizen sees the console');
});

test('errors are pages, too', async () => {
  const { page } = await person(browser);
  for (const [url, name] of [[`${city.origin('')}/nothing`, 'portal-404'], [`${city.origin(APP)}/nothing`, 'app-404'], [`${city.origin('nobody')}/`, 'no-such-host'],
    [`${city.origin('')}/cashier/pi-nothing`, 'no-such-payment']]) {
    await page.goto(url);
    await clean(page, `error-${name}`);
  }
});

test('the session cookie of one origin is not sent to another', async () => {
  const { page, context } = await person(browser);
  await page.goto(`${city.origin('')}/sign-in`);
  await signIn(page, 'citizen-005');
  await page.goto(`${city.origin(APP)}/orders`);
  await page.waitForLoadState();
  const cookies = await context.cookies();
  const sessions = cookies.filter((c) => c.httpOnly);
  assert.ok(sessions.length >= 2, JSON.stringify(cookies));
  assert.ok(sessions.every((c) => !c.domain.startsWith('.')), 'a cookie spans a whole domain');
  assert.equal(new Set(sessions.map((c) => c.value)).size, sessions.length, 'two origins share a session');
});
