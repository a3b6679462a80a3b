// The department's and the keeper's day: a gate on a tablet goes on without a network and brings
// its scans back; a manager closes a day. Every page on the way is looked at by axe.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, clean, person, startBrowser, startCity } from './city.mjs';

let city;
let browser;
before(async () => { city = await startCity(['tourism-ticketing']); browser = await startBrowser(); });
after(async () => { await browser?.close(); await city?.stop(); });

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

/** Buys a boat ticket for tonight, and answers its live code. */
const buy = (page, date) => page.evaluate(async (today) => {
  const call = async (method, path, body) => {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return response.json();
  };
  const visitors = [{ name: '赵六', id_number: '320324199001019997' }];
  const order = await call('POST', '/api/orders', { product: 'yunlonghu-single', date: today, slot: '18:00', visitors });
  if (!order.id) throw new Error(JSON.stringify(order));
  await call('POST', `/api/orders/${order.id}/pay`, {});
  for (let i = 0; i < 100; i += 1) {
    const ticket = await call('GET', `/api/orders/${order.id}/tickets/0/code`);
    if (ticket.code) return ticket.code;
    await new Promise((r) => { setTimeout(r, 200); });
  }
  throw new Error('the ticket was not issued');
}, date);

test('a gate on a tablet goes on without a network and brings its scans back', async () => {
  const citizen = await open('/orders', 'citizen-005');
  const code = await buy(citizen.page, day(0));
  const keeper = await open('/gate/offline', 'tourism-gate');
  const { page, context } = keeper;
  await page.setViewportSize({ width: 820, height: 1180 });
  await page.waitForSelector('#sheet');
  await clean(page, 'offline-1');
  await page.selectOption('#attraction', 'yunlonghu');
  await page.fill('#gate', '码头');
  await page.locator('#sheet button').click();
  await page.waitForSelector('text=名单已下载 >> visible=true');

  await context.setOffline(true);
  const scan = async (text) => { await page.fill('#code', text); await page.locator('#scan button').click(); };
  await scan(code);
  await page.waitForSelector('#answer >> text=可以入园');
  await clean(page, 'offline-2-admitted');
  await scan(code);
  await page.waitForSelector('#answer >> text=已经用过');
  await scan(code.replace(/.$/, (c) => (c === '0' ? '1' : '0')));
  await page.waitForSelector('#answer >> text=票码无效');
  assert.equal(await page.textContent('#waiting'), '1');
  await page.locator('#upload').click();
  await page.waitForSelector('text=没有网络 >> visible=true');
  assert.equal(await page.textContent('#waiting'), '1', 'nothing is lost');

  await context.setOffline(false);
  await page.locator('#upload').click();
  await page.waitForSelector('text=已上传。入园：1 >> visible=true');
  assert.equal(await page.textContent('#waiting'), '0');
  await clean(page, 'offline-3-uploaded');
  assert.deepEqual(keeper.outside, [], 'the page asked another host for something');
});

test('a manager changes what is sold and closes a day', async () => {
  const { page } = await open('/manage', 'tourism-admin');
  await clean(page, 'manage-1');
  for (const [path, name] of [['/manage/attractions/guishan', 'attraction'], ['/manage/products/lianghan-day', 'product'],
    ['/sales/batches', 'batches'], [`/sales/statement?from=${day(0)}`, 'statement']]) {
    await page.goto(city.origin(APP) + path);
    await clean(page, `manage-2-${name}`);
  }
  await page.goto(`${city.origin(APP)}/manage/attractions/museum/days?date=${day(2)}`);
  await page.fill('input[name="reason-zh"]', '设备检修');
  await page.fill('input[name="reason-en"]', 'Maintenance');
  await clean(page, 'manage-3-day');
  await page.locator('main form button').last().click();
  await page.waitForSelector('text=已保存 >> visible=true');
  await page.goto(`${city.origin(APP)}/attractions/museum?date=${day(2)}`);
  assert.match(await page.textContent('main'), /不开放/);
});
