// The department's and the keeper's day: a gate on a tablet goes on without a network and brings
// its scans back; a manager closes a day. Every page on the way is looked at by axe.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, WAYS, assertCalm, clean, person, startBrowser, startCity } from './city.mjs';

let city;
let browser;
before(async () => { city = await startCity(['tourism-ticketing']); browser = await startBrowser(); });
after(async () => { await browser?.close(); await city?.stop(); });
afterEach(assertCalm);

const APP = 'tourism-ticketing';

/** A day from now in Shanghai, `YYYY-MM-DD`. */
const day = (n) => new Date(Date.now() + 8 * 3600e3 + n * 86400e3).toISOString().slice(0, 10);

async function open(path, account, options) {
  const who = await person(browser, options);
  await who.page.goto(city.origin(APP) + path);
  await who.page.fill('input[name=account]', account);
  await who.page.fill('input[name=password]', PASSWORD);
  await who.page.locator('main form button').first().click();
  await who.page.waitForURL(`${city.origin(APP)}/**`);
  return who;
}

/** The document of the visitor of a boat ticket. */
const DOCUMENT = '320324199001019997';

/** Buys a boat ticket for tonight, and answers its live code. */
const buy = (page, date, document = DOCUMENT) => page.evaluate(async ([today, id_number]) => {
  const call = async (method, path, body) => {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return response.json();
  };
  const visitors = [{ name: '赵六', id_number }];
  const order = await call('POST', '/api/orders', { product: 'yunlonghu-single', date: today, slot: '18:00', visitors });
  if (!order.id) throw new Error(JSON.stringify(order));
  await call('POST', `/api/orders/${order.id}/pay`, {});
  for (let i = 0; i < 100; i += 1) {
    const ticket = await call('GET', `/api/orders/${order.id}/tickets/0/code`);
    if (ticket.code) return ticket.code;
    await new Promise((r) => { setTimeout(r, 200); });
  }
  throw new Error('the ticket was not issued');
}, [date, document]);

/** Gets the lake's list at a gate's page. */
async function takeList(page, gate) {
  await page.selectOption('#attraction', 'yunlonghu');
  await page.fill('#gate', gate);
  await page.locator('#sheet button').click();
  await page.waitForSelector('text=名单已下载 >> visible=true');
}

test('a gate on a tablet goes on without a network and brings its scans back', async () => {
  const citizen = await open('/orders', 'citizen-005');
  const code = await buy(citizen.page, day(0));
  await buy(citizen.page, day(0), '32032119900101998X');
  const keeper = await open('/gate/offline', 'tourism-gate');
  const { page, context } = keeper;
  await page.setViewportSize({ width: 820, height: 1180 });
  await page.waitForSelector('#sheet');
  await clean(page, 'offline-1');
  await page.fill('#device', 'PAD-7');
  await takeList(page, '码头');
  await page.waitForFunction(() => navigator.serviceWorker.controller);

  keeper.expected.push(/^Failed to load resource: net::ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  const [worker] = context.serviceWorkers();
  await assert.rejects(worker.evaluate(() => fetch('/help')), 'the worker has a network');
  // The tablet is restarted: the page, its style and its list are there again.
  await page.reload();
  await page.waitForSelector('#sheet');
  assert.equal(await page.inputValue('#gate'), '码头');
  assert.equal(await page.inputValue('#device'), 'PAD-7');
  assert.ok(await page.evaluate(() => document.styleSheets[0].cssRules.length > 10), 'the page has its style');

  const scan = async (text) => { await page.fill('#code', text); await page.locator('#scan button').click(); };
  // The scanner reads one code twice before the first answer is there.
  await page.evaluate((text) => {
    for (let n = 0; n < 2; n += 1) {
      document.getElementById('code').value = text;
      document.getElementById('scan').requestSubmit();
    }
  }, code);
  await page.waitForSelector('#answer >> text=已经用过');
  assert.equal(await page.textContent('#waiting'), '1', 'one code was let in twice');
  await scan(code);
  await page.waitForSelector('#answer >> text=已经用过');
  await scan(code.replace(/.$/, (c) => (c === '0' ? '1' : '0')));
  await page.waitForSelector('#answer >> text=票码无效');
  // Who has no phone shows the document.
  await page.locator('summary', { hasText: '没有手机' }).click();
  const show = async (text) => { await page.fill('#number', text); await page.locator('#by-document button').click(); };
  await show('320321 19900101 998x');
  await page.waitForSelector('#answer >> text=可以入园');
  await clean(page, 'offline-2-admitted');
  await show('32032119900101998X');
  await page.waitForSelector('#answer >> text=已经用过');
  await show('320323199001019990');
  await page.waitForSelector('#answer >> text=名单中没有这张票');
  assert.equal(await page.textContent('#waiting'), '2');
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes('19900101998X'), 'a number is kept');
  await page.locator('#upload').click();
  await page.waitForSelector('#status >> text=没有网络 >> visible=true');
  assert.equal(await page.textContent('#waiting'), '2', 'nothing is lost');

  await context.setOffline(false);
  // What the city refuses, it says itself; and nothing is lost by it.
  const rename = (from, to) => page.evaluate(([a, b]) => {
    localStorage.setItem('gate-scans', localStorage.getItem('gate-scans').replaceAll(JSON.stringify(a), JSON.stringify(b)));
  }, [from, to]);
  await rename('码头', '码'.repeat(41));
  await page.evaluate(() => localStorage.removeItem('gate-batch'));
  await page.locator('#upload').click();
  await page.waitForSelector('#status >> text=检票口名称为 1 至 40 个字 >> visible=true');
  await rename('码'.repeat(41), '码头');
  const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/api/gates/batches'));
  await page.locator('#upload').click();
  assert.equal((await sent).postDataJSON().device, 'PAD-7');
  await page.waitForSelector('text=已上传。入园：2 >> visible=true');
  assert.equal(await page.textContent('#waiting'), '0');
  await clean(page, 'offline-3-uploaded');
  assert.deepEqual(keeper.outside, [], 'the page asked another host for something');
});

test('a tablet with a wrong clock loses no admission', async () => {
  const citizen = await open('/orders', 'citizen-006');
  for (const [minutes, document] of [[10, '320302199001019999'], [-10, '320311199001019995']]) {
    const code = await buy(citizen.page, day(0), document);
    const { page } = await open('/gate/offline', 'tourism-gate');
    await page.addInitScript((wrong) => { const right = Date.now; Date.now = () => right() + wrong; }, minutes * 60e3);
    await page.reload();
    await page.waitForSelector('#sheet');
    await takeList(page, '北门');
    await page.fill('#code', code);
    await page.locator('#scan button').click();
    await page.waitForSelector('#answer >> text=可以入园');
    const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/api/gates/batches'));
    await page.locator('#upload').click();
    const [{ at }] = (await sent).postDataJSON().scans;
    assert.ok(Math.abs(at - Date.now()) < 60e3, `${minutes} minutes off, the scan is said to be ${(at - Date.now()) / 1e3} s off`);
    await page.waitForSelector('text=已上传。入园：1，需核查：0 >> visible=true');
  }
});

for (const [n, { how, name, ...options }] of WAYS.entries()) {
  test(`a manager changes what is sold and closes a day (${how})`, async () => {
    const { page } = await open('/manage', 'tourism-admin', options);
    const [saved, closed] = options.lang === 'en' ? ['Saved.', /Choose another day/] : ['已保存', /请选择其他日期/];
    await clean(page, `${name}-manage-1`);
    for (const [path, what] of [['/manage/attractions/guishan', 'attraction'], ['/manage/products/lianghan-day', 'product'],
      ['/sales/batches', 'batches'], [`/sales/statement?from=${day(0)}`, 'statement']]) {
      await page.goto(city.origin(APP) + path);
      await clean(page, `${name}-manage-2-${what}`);
    }
    // Another day each time: it is open until this story closes it.
    const date = day(2 + n);
    await page.goto(`${city.origin(APP)}/attractions/hubushan?date=${date}`);
    assert.doesNotMatch(await page.textContent('main'), closed);
    await page.goto(`${city.origin(APP)}/manage/attractions/hubushan/days?date=${date}`);
    await page.fill('input[name="reason-zh"]', '设备检修');
    await page.fill('input[name="reason-en"]', 'Maintenance');
    await clean(page, `${name}-manage-3-day`);
    await page.locator('main form button').last().click();
    await page.waitForSelector(`text=${saved} >> visible=true`);
    await page.goto(`${city.origin(APP)}/attractions/hubushan?date=${date}`);
    assert.match(await page.textContent('main'), closed);
    assert.match(await page.textContent('main'), options.lang === 'en' ? /Maintenance/ : /设备检修/);
  });
}
