// A loan on coal, by everybody's own pages: the custodian takes goods in and issues a receipt, the manufacturer pledges it under
// its mandate, two people of the bank approve and pay out, a sensor's page, the three flows side by side, the regulator's charts.
// Every page on the way is looked at by axe, in a wide window and on a phone.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, WAYS, assertCalm, assertRoomy, cleanAndNarrow as clean, onPaper, person, startBrowser, startCity } from './city.mjs';

let city;
let browser;
before(async () => {
  city = await startCity(['logistics-finance'], ['--demo-grants', '--demo-people', '20']);
  browser = await startBrowser();
});
after(async () => { await browser?.close(); await city?.stop(); });
afterEach(assertCalm);

const APP = 'logistics-finance';
const MANUFACTURER = '91320300MA000TX14G';
const BANK = '91320300MA000TXA86';
const at = (path) => city.origin(APP) + path;

async function signIn(page, account) {
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
}

/** From the portal to a page of the app. */
async function enter(page, path) {
  await page.goto(`${city.origin('')}/sign-on?installation=${APP}&return=${encodeURIComponent(path)}`);
  await page.waitForURL(`${city.origin(APP)}/**`);
}

/** An official at a page of the app. */
async function official(account, path, options) {
  const { page } = await person(browser, options);
  await page.goto(`${city.origin('')}/sign-in?return=/account`);
  await signIn(page, account);
  await page.waitForURL(/\/account/);
  await enter(page, path);
  return page;
}

/** The manufacturer's representative, who chooses the company at the portal before going to the app. */
async function representative(path, options) {
  const { page } = await person(browser, options);
  await page.goto(`${city.origin('')}/sign-in?return=/mandates`);
  await signIn(page, 'citizen-011');
  await page.waitForURL(/\/mandates/);
  await page.locator('form[action="/mandates/act"] button').first().click();
  await page.waitForSelector('.acting');
  await enter(page, path);
  return page;
}

/** Fills in a form's fields, has it looked at, and sends it: where it leads. */
async function send(page, path, fields, name) {
  await page.goto(at(path));
  for (const [field, value] of Object.entries(fields)) {
    const input = page.locator(`main [name="${field}"]`).first();
    const tag = await input.evaluate((e) => `${e.tagName} ${e.type}`);
    if (tag.startsWith('SELECT')) await input.selectOption(value);
    else if (/radio|checkbox/.test(tag)) await page.check(`main [name="${field}"][value="${value}"]`);
    else await input.fill(value);
  }
  await clean(page, name);
  await page.locator('main form button[type=submit]').last().click();
  await page.waitForURL(/done=1/);
  return new URL(page.url()).pathname;
}

/** The sample comes by messages: the regulator's overview has all of it once its trades are there, which come last. */
async function sampleIsLoaded() {
  const page = await official('finance-admin', '/');
  const list = async () => (await (await page.goto(at('/api/flows?limit=100'))).json()).items.length;
  for (let n = 0; n < 240 && (await list()) < 24; n += 1) await new Promise((r) => { setTimeout(r, 500); });
  assert.equal(await list(), 24, 'the sample was not loaded within two minutes');
}

for (const { how, name, ...options } of WAYS) {
  const words = (zh, en) => (options.lang === 'en' ? en : zh);

  test(`goods become a receipt, a pledge and a loan (${how})`, async () => {
    await sampleIsLoaded();
    const clerk = await official('warehouse-1', '/', options);
    await clean(clerk, `${name}-lf-01-custodian`);
    await clerk.goto(at('/warehouses'));
    await clean(clerk, `${name}-lf-02-warehouses`);
    await clerk.goto(at('/warehouses/WH-S06/device'));
    await clerk.fill('main [name=place]', words('东门地磅', 'The scale at the east gate'));
    await clean(clerk, `${name}-lf-02-new-sensor`);
    await clerk.locator('main form button[type=submit]').last().click();
    await clerk.waitForSelector(words('text=只显示这一次', 'text=shown this once'));
    await clean(clerk, `${name}-lf-02-sensor`);
    const lot = await send(clerk, '/warehouses/WH-S06/receive', {
      owner: MANUFACTURER, goods: 'coal-5500', goods_name: '动力煤', spec: 'Q5500', quantity: '1000 t', location: 'A-01',
    }, `${name}-lf-03-receive`);
    await clean(clerk, `${name}-lf-04-lot`);
    const receipt = await send(clerk, `${lot}/issue`, { quantity: '1000 t' }, `${name}-lf-05-issue`);
    assert.match(await clerk.textContent('main'), words(/已签发/, /Issued/i));
    await clean(clerk, `${name}-lf-06-receipt`);
    await clerk.goto(at(`${receipt}/print`));
    await clean(clerk, `${name}-lf-07-receipt-print`);
    await onPaper(clerk, `${name}-lf-08-receipt-on-paper`);

    const company = await representative('/', options);
    await clean(company, `${name}-lf-10-company`);
    const number = receipt.split('/').pop();
    const loan = await send(company, `/loans/new?receipt=${number}`, {
      bank: BANK, purpose: words('采购动力煤', 'Coal for the winter'), principal: '500000.00', term_days: '90',
    }, `${name}-lf-11-apply`);
    await clean(company, `${name}-lf-12-applied`);

    const maker = await official('bank-1-maker', loan, options);
    const checker = await official('bank-1-checker', '/', options);
    await clean(checker, `${name}-lf-20-bank`);
    await send(maker, `${loan}/check-credit`, {}, `${name}-lf-21-check`);
    await send(checker, `${loan}/approve`, { principal: '500000.00' }, `${name}-lf-22-approve`);
    await send(checker, `${loan}/sign`, {}, `${name}-lf-23-sign`);
    await send(company, `${loan}/sign`, {}, `${name}-lf-24-sign-company`);
    await send(checker, `${loan}/register-pledges`, {}, `${name}-lf-25-register`);
    await send(maker, `${loan}/ask-disbursement`, {}, `${name}-lf-26-ask`);
    await send(checker, `${loan}/confirm-disbursement`, { outcome: 'paid', bank_reference: `BK-${name}` }, `${name}-lf-27-confirm`);
    assert.match(await checker.textContent('main'), words(/已放款/, /Paid out|Disbursed/i));
    await clean(checker, `${name}-lf-28-loan`);
    for (const [path, what] of [['/loans', 'loans'], ['/pledges', 'pledges'], ['/alerts', 'alerts'], [`${loan}/print`, 'contract']]) {
      await checker.goto(at(path));
      await clean(checker, `${name}-lf-29-${what}`);
    }
    await onPaper(checker, `${name}-lf-29-contract-on-paper`);

    // What anybody may see of the receipt, by its number alone.
    const { page } = await person(browser, options);
    await page.goto(at(`/verify/${number}`));
    assert.match(await page.textContent('main'), words(/真实|有效|通过/, /genuine|valid/i));
    await clean(page, `${name}-lf-30-verify`);
  });

  test(`the three flows stand side by side, and what a maker may not do is said (${how})`, async () => {
    const company = await representative('/flows', options);
    await clean(company, `${name}-lf-40-flows`);
    await company.locator('main table tbody a').first().click();
    for (const word of words(['信息流', '货物流', '资金流'], ['goods', 'money'])) {
      assert.ok((await company.textContent('main')).toLowerCase().includes(word), word);
    }
    await clean(company, `${name}-lf-41-flow`);
    for (const [path, what] of [['/waybills', 'waybills'], ['/quotes', 'prices'], ['/consents', 'consents'], ['/help', 'help']]) {
      await company.goto(at(path));
      await clean(company, `${name}-lf-42-${what}`);
    }
    await company.goto(at('/waybills'));
    await company.locator('main table tbody a').first().click();
    await clean(company, `${name}-lf-43-waybill`);
  });

  test(`the regulator reads charts, and their tables are a key away (${how})`, async () => {
    const page = await official('finance-admin', '/overview', options);
    await page.locator('figure[data-chart] .chart-canvas svg').first().waitFor();
    assert.ok(await page.locator('figure[data-chart]').count() >= 6, 'a map, the months and four kinds of states');
    await clean(page, `${name}-lf-50-overview`);
    // The chart of months stands alone; its table comes with a key.
    const tables = page.locator('figure[data-chart] table:visible');
    const before = await tables.count();
    await page.locator('.chart-switches [aria-pressed=false]').first().focus();
    await page.keyboard.press('Enter');
    assert.equal(await tables.count(), before + 1);
    await clean(page, `${name}-lf-51-overview-table`);
    await page.goto(at('/receipts?state=pledged'));
    await clean(page, `${name}-lf-52-pledged`);
    await page.locator('main table tbody a').first().click();
    await clean(page, `${name}-lf-53-receipt`);
  });
}

// Last: what is chosen is the account's, its language among it.
test('in the elder mode letters are large and there is room to hit', async () => {
  const clerk = await official('warehouse-1', '/', { phone: true });
  await clerk.getByRole('banner').getByRole('button', { name: '长辈版' }).click();
  await clerk.getByRole('button', { name: '标准版' }).waitFor();
  for (const [path, what] of [['/', 'home'], ['/receipts', 'receipts'], ['/warehouses/WH-S06', 'warehouse'], ['/warehouses/WH-S06/receive', 'receive'], ['/help', 'help']]) {
    await clerk.goto(at(path));
    await assertRoomy(clerk);
    await clean(clerk, `lf-60-elder-${what}`);
  }
});
