// Rural e-commerce by everybody's own pages: a farmer opens a store and has a batch tested, a citizen finds, buys and confirms, a
// station orders for an elder without a telephone, goods come back, a bad batch is off sale, and anybody reads the figures and
// the trace. In a wide window and on a phone; every page on the way is looked at by axe.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, assertCalm, clean, person, startBrowser, startCity } from './city.mjs';

let city;
let browser;
before(async () => { city = await startCity(['rural-ecommerce']); browser = await startBrowser(); });
after(async () => { await browser?.close(); await city?.stop(); });
afterEach(assertCalm);

const APP = 'rural-ecommerce';
const DONGFENG = ['320324', '320324109', '320324109002'];
const LONGGU = ['320322', '320322101', '320322101201'];

/** In a wide window and on a phone, each with people, goods and a station of its own. */
const WAYS = [
  { how: 'desktop', phone: false, farmer: 'citizen-001', document: '92320324MA000TX221', bed: '榆木双人床', garlic: '紫皮蒜', buyer: 'citizen-003', station: '龙固一站' },
  { how: 'phone', phone: true, farmer: 'citizen-002', document: '93320382MA000TX30Q', bed: '榉木双人床', garlic: '独头蒜', buyer: 'citizen-004', station: '龙固二站' },
];

const at = (path) => city.origin(APP) + path;
/** A day from now in Shanghai, `YYYY-MM-DD`. */
const day = (n) => new Date(Date.now() + 8 * 3600e3 + n * 86400e3).toISOString().slice(0, 10);
const button = (page, name) => page.locator('main').getByRole('button', { name, exact: true });
const link = (page, name) => page.locator('main').getByRole('link', { name, exact: true });
const labelled = (page, name) => page.locator('main').getByLabel(name, { exact: true });
/** Waits until the page says something. */
const says = (page, text) => page.locator('main').filter({ hasText: text }).waitFor();

async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) await labelled(page, label).fill(value);
}

/** Chooses a village by its three lists, each of which shows the next one. */
async function choosePlace(page, [county, town, village]) {
  await labelled(page, '县（市、区）').selectOption(county);
  await page.getByRole('button', { name: /^(选择下一级|更换镇村)$/ }).click();
  await labelled(page, '镇（街道）').selectOption(town);
  await page.getByRole('button', { name: /^(选择下一级|更换镇村)$/ }).click();
  await labelled(page, '村（社区）').selectOption(village);
}

async function signIn(page, account) {
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
}

/** Somebody at a page of the app. */
async function open(account, path, way) {
  const { page } = await person(browser, { phone: way.phone });
  page.setDefaultTimeout(20_000);
  await page.goto(`${city.origin('')}/sign-on?installation=${APP}&return=${encodeURIComponent(path)}`);
  await signIn(page, account);
  await page.waitForURL(`${city.origin(APP)}/**`);
  return page;
}

/** The forms say the same in two languages; the stories do not need two. */
const both = (label, text) => ({ [`${label}（中文）`]: text, [`${label}（英文）`]: text });

/** The farmer's test report. */
async function recordTest(page, code, report, result) {
  await page.goto(at(`/manage/batches/${code}`));
  await fill(page, { 报告编号: report, ...both('检测项目', '农药残留'), 检测机构: '县检测中心', 采样日期: day(0) });
  await labelled(page, '结果').selectOption(result);
  await button(page, '登记').click();
  await says(page, '已保存');
}

/** Adds goods of one variant, and lists them: with a batch where there is one. */
async function listGoods(farmer, manager, { title, category, price, grams, parcels, batch, stock }, look) {
  await farmer.goto(at('/store/goods/new'));
  await labelled(farmer, '类别（以后不能更改）').selectOption(category);
  await fill(farmer, { ...both('名称', title), '说明（中文）': '自产自销', '说明（英文）': 'Own produce' });
  const first = farmer.getByRole('group', { name: '规格 1', exact: true });
  await first.getByLabel('价格（元）').fill(price);
  await first.getByLabel('每件重量（克，含包装）').fill(grams);
  await first.getByLabel('每件的包裹数').fill(parcels);
  await look(farmer, 'product');
  await button(farmer, '保存').click();
  await says(farmer, '已保存');
  await farmer.getByRole('link', { name: `上架：${title}`, exact: true }).click();
  if (batch) await labelled(farmer, '批次').selectOption(batch);
  await labelled(farmer, '库存：单件').fill(stock);
  await look(farmer, 'draft');
  await button(farmer, '存为草稿').click();
  await says(farmer, '已保存');
  const listing = new URL(farmer.url()).pathname.split('/').pop();
  await button(farmer, '提交审核').click();
  await says(farmer, '待审核');
  await look(farmer, 'listing');
  await manager.goto(at('/manage/listings'));
  await look(manager, 'listings');
  await link(manager, title).click();
  await look(manager, 'review');
  await button(manager, '通过，上架').click();
  await says(manager, '没有待审核的商品');
  return listing;
}

/** A farmer registers, is approved and opens a store; a batch passes its test; a bed and garlic go on sale. */
async function openStore(way) {
  const look = (page, name) => clean(page, `rural-${way.how}-1-${name}`);
  const [farmer, manager, inspector] = [await open(way.farmer, '/store', way), await open('commerce-admin', '/manage', way), await open('commerce-inspector', '/manage', way)];
  await look(farmer, 'no-store');
  await link(farmer, '登记').click();
  await fill(farmer, { '居民身份证号码或统一社会信用代码': way.document, 姓名或字号: '农户 901 号', 手机号码: '19900000901' });
  await choosePlace(farmer, DONGFENG);
  assert.equal(await labelled(farmer, '姓名或字号').inputValue(), '农户 901 号', 'the lists of places lose nothing that was typed');
  await look(farmer, 'register');
  await button(farmer, '提交登记').last().click();
  await says(farmer, '待审核');
  await look(farmer, 'registered');
  await look(manager, 'manage');
  await manager.goto(at('/manage/farmers'));
  await look(manager, 'farmers');
  await link(manager, '农户 901 号').click();
  await look(manager, 'farmer');
  await button(manager, '通过').click();
  await manager.waitForURL(at('/manage/farmers'));
  await farmer.goto(at('/store'));
  await link(farmer, '开店').click();
  await fill(farmer, { ...both('店名', `${way.bed}家具店`), '介绍（中文）': '自产自销', '介绍（英文）': 'Own produce', 取件地址: '村部旁' });
  await look(farmer, 'store-form');
  await button(farmer, '保存').click();
  await says(farmer, '营业中');
  await look(farmer, 'store');

  await farmer.goto(at('/store/batches/new'));
  await fill(farmer, { ...both('货品', way.garlic), 采收或生产日期: day(-20), '重量（千克）': '500' });
  await look(farmer, 'batch');
  await button(farmer, '登记批次').last().click();
  await says(farmer, '已保存');
  await look(farmer, 'batches');
  const code = await farmer.locator('main tbody code').first().textContent();
  await inspector.goto(at('/manage/batches'));
  await look(inspector, 'tests');
  await link(inspector, code).click();
  await look(inspector, 'test');
  await recordTest(inspector, code, `JC-${way.how}-1`, 'passed');
  const bed = await listGoods(farmer, manager, { title: way.bed, category: 'furniture', price: '1080.00', grams: '62000', parcels: '3', stock: '10' }, look);
  const garlic = await listGoods(farmer, manager, { title: way.garlic, category: 'fresh-food', price: '39.80', grams: '5300', parcels: '1', batch: code, stock: '100' }, async () => {});
  return { farmer, manager, inspector, code, bed, garlic };
}

/** The store of a way: opened once. */
const stores = new Map();
const storeOf = (way) => {
  if (!stores.has(way.how)) stores.set(way.how, openStore(way));
  return stores.get(way.how);
};

/** From an order's page to the cashier and back, until the money is in escrow. */
async function pay(page, look) {
  const order = page.url();
  await button(page, '去付款').click();
  await page.waitForURL(/\/cashier\//);
  await look(page, 'cashier');
  await page.getByRole('button', { name: /^支付/ }).click();
  await page.waitForURL(new RegExp(APP));
  await page.goto(order);
  await says(page, '货款在担保账户');
}

/** An order of one unit, placed by the app's API and paid at the cashier. */
async function order(page, listing, sku = 'single') {
  await page.goto(at('/orders'));
  const id = await page.evaluate(async ({ listing, sku, village }) => {
    const recipient = { name: '买家 1 号', phone: '19900000001', division: village, address: '一组 1 号' };
    const body = JSON.stringify({ items: [{ listing, sku, quantity: 1 }], recipient });
    const answer = await fetch('/api/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).orders[0].id;
  }, { listing, sku, village: DONGFENG[2] });
  await page.goto(at(`/orders/${id}`));
  await pay(page, async () => {});
  return id;
}

/** The store accepts an order and brings all of it. */
async function bring(farmer, id) {
  await farmer.goto(at(`/store/orders/${id}`));
  await button(farmer, '接单').click();
  await labelled(farmer, '承运人').selectOption('store');
  await button(farmer, '发货').click();
  await says(farmer, '全部发出');
  await farmer.goto(at(`/orders/${id}`));
  await button(farmer, '已全部送达').click();
  await says(farmer, '已全部送达');
}

for (const way of WAYS) {
  const pictures = (story) => (page, name) => clean(page, `rural-${way.how}-${story}-${name}`);

  test(`a farmer opens a store; a batch is tested, goods are reviewed and on sale (${way.how})`, async () => {
    const { page } = await person(browser, { phone: way.phone });
    await page.goto(at('/'));
    const look = pictures(1);
    await look(page, 'loading');
    // The sample data comes by messages, with a bar; the page follows by itself.
    await page.locator('#loading').waitFor({ state: 'detached', timeout: 120_000 });
    const { farmer, code } = await storeOf(way);
    for (const path of ['goods', 'orders', 'returns', 'offers', 'income']) {
      await farmer.goto(at(`/store/${path}`));
      await look(farmer, `store-${path}`);
    }
    await page.goto(at(`/trace/${code}`));
    await says(page, '检测合格');
  });

  test(`a citizen finds, buys and confirms; the store sends in parcels and is paid less the commission (${way.how})`, async () => {
    const look = pictures(2);
    const { farmer, bed } = await storeOf(way);
    const { page } = await person(browser, { phone: way.phone });
    page.setDefaultTimeout(20_000);
    await page.goto(at('/'));
    await look(page, 'shop');
    await link(page, '下一页').click();
    await look(page, 'shop-next');
    await labelled(page, '类别').selectOption('furniture');
    await labelled(page, '县（市、区）').selectOption('320324');
    await button(page, '筛选').click();
    await link(page, '价格从低到高').click();
    const prices = (await page.locator('main ul.grid .amount').allTextContents()).map((p) => Number(p.replace(/[¥,]/g, '')));
    assert.equal(prices.length, 20);
    assert.deepEqual(prices, prices.toSorted((a, b) => a - b));
    await look(page, 'shop-sorted');
    await labelled(page, '找什么').fill('没有的东西');
    await button(page, '筛选').click();
    await says(page, '没有符合条件的商品');
    await look(page, 'shop-empty');
    await labelled(page, '找什么').fill(way.bed);
    await labelled(page, '找什么').press('Enter');
    await link(page, way.bed).click();
    await look(page, 'goods');

    // What a visitor puts into the cart waits behind the sign-in.
    await labelled(page, '数量：单件').fill('3');
    await button(page, '放入购物车 单件').click();
    await signIn(page, way.buyer);
    await page.waitForURL(`${city.origin(APP)}/**`);
    await page.goto(at(`/goods/${bed}`));
    await labelled(page, '数量：单件').fill('3');
    await button(page, '放入购物车 单件').click();
    await says(page, '已放入购物车');
    await look(page, 'added');
    await link(page, '去购物车').click();
    await labelled(page, `数量：${way.bed}`).fill('2');
    await button(page, `更改 ${way.bed}`).click();
    await says(page, '¥2,160.00');
    await look(page, 'cart');
    await link(page, '去结算').click();
    await look(page, 'checkout');

    await fill(page, { 收货人: '买家 1 号', 手机号码: '12', 详细地址: '一组 1 号' });
    await choosePlace(page, DONGFENG);
    await button(page, '提交订单').last().click();
    await says(page, '请更正以下各项');
    const phone = labelled(page, '手机号码');
    assert.equal(await phone.inputValue(), '12');
    assert.equal(await labelled(page, '收货人').inputValue(), '买家 1 号');
    assert.equal(await phone.getAttribute('aria-invalid'), 'true');
    const why = await page.locator(`#${await phone.getAttribute('aria-describedby')}`).textContent();
    assert.match(why, /手机/);
    await look(page, 'checkout-wrong');
    await link(page, why).click();
    assert.ok(await phone.evaluate((e) => e === document.activeElement || location.hash === `#${e.id}`), 'the summary leads to the field');
    await phone.fill('19900000001');
    await button(page, '提交订单').last().click();
    await says(page, '请在');
    await look(page, 'placed');
    await pay(page, look);
    await look(page, 'paid');
    const id = new URL(page.url()).pathname.split('/').pop();
  });
}
