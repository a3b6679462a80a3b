// Rural e-commerce in a browser: its city, its people, and what they do again and again at its pages. What is pressed and filled in
// is found by its role and its name, as somebody finds it who hears the page.
import assert from 'node:assert/strict';
import { PASSWORD, clean, person, startBrowser, startCity } from './city.mjs';

export const APP = 'rural-ecommerce';
export const DONGFENG = ['320324', '320324109', '320324109002'];
export const LONGGU = ['320322', '320322101', '320322101201'];

/** In a wide window and on a phone, each with people, goods and a station of its own. */
export const WAYS = [
  { how: 'desktop', phone: false, farmer: 'citizen-001', document: '92320324MA000TX221', bed: '榆木双人床', garlic: '紫皮蒜', buyer: 'citizen-003', station: '龙固一站' },
  { how: 'phone', phone: true, farmer: 'citizen-002', document: '93320382MA000TX30Q', bed: '榉木双人床', garlic: '独头蒜', buyer: 'citizen-004', station: '龙固二站' },
];

let city;
let browser;

export async function begin() {
  city = await startCity([APP]);
  browser = await startBrowser();
}

export async function end() {
  await browser?.close();
  await city?.stop();
}

export const at = (path) => city.origin(APP) + path;
/** A page of the portal. */
export const portal = (path) => city.origin('') + path;
/** A day from now in Shanghai, `YYYY-MM-DD`. */
export const day = (n) => new Date(Date.now() + 8 * 3600e3 + n * 86400e3).toISOString().slice(0, 10);
export const button = (page, name) => page.locator('main button').and(page.getByRole('button', { name, exact: true }));
/** A link, also one that looks like a button. */
export const link = (page, name) => {
  const [main, how] = [page.locator('main'), { name, exact: true }];
  return main.getByRole('link', how).or(main.locator('a').and(main.getByRole('button', how)));
};
export const labelled = (page, name) => page.locator('main').getByLabel(name, { exact: true });
/** Waits until the page says something. */
export const says = (page, text) => page.locator('main').filter({ hasText: text }).waitFor();

export async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) await labelled(page, label).fill(value);
}

/** Chooses a village by its three lists, each of which shows the next one. */
export async function choosePlace(page, [county, town, village]) {
  await labelled(page, '县（市、区）').selectOption(county);
  await page.getByRole('button', { name: /^(选择下一级|更换镇村)$/ }).click();
  await labelled(page, '镇（街道）').selectOption(town);
  await page.getByRole('button', { name: /^(选择下一级|更换镇村)$/ }).click();
  await labelled(page, '村（社区）').selectOption(village);
}

export async function signIn(page, account) {
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
}

/** Anybody, at a page of the app. */
export async function visit(path, way) {
  const { page } = await person(browser, { phone: way.phone });
  page.setDefaultTimeout(20_000);
  await page.goto(at(path));
  return page;
}

/** Somebody who is signed in, at a page of the app. `expects` are lines of the console that the story itself brings about. */
export async function open(account, path, way, expects = []) {
  const { page, expected } = await person(browser, { phone: way.phone });
  expected.push(...expects);
  page.setDefaultTimeout(20_000);
  await page.goto(portal(`/sign-on?installation=${APP}&return=${encodeURIComponent(path)}`));
  await signIn(page, account);
  await page.waitForURL(at('/**'));
  return page;
}

/** The forms say the same in two languages; the stories do not need two. */
export const both = (label, text) => ({ [`${label}（中文）`]: text, [`${label}（英文）`]: text });

/** The farmer's test report. */
export async function recordTest(page, code, report, result) {
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
  await says(farmer, '审核中');
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
export const storeOf = (way) => {
  if (!stores.has(way.how)) stores.set(way.how, openStore(way));
  return stores.get(way.how);
};

/** From an order's page to the cashier and back, until the money is in escrow. */
export async function pay(page, look = async () => {}) {
  const order = page.url();
  await button(page, '去付款').click();
  await page.waitForURL(/\/cashier\//);
  await look(page, 'cashier');
  await page.getByRole('button', { name: /^支付/ }).click();
  await page.waitForURL(new RegExp(APP));
  await page.goto(order);
  await until(page, '货款在担保账户');
}

/** One unit of a listing, bought by the pages and paid for; the order's number. */
export async function buy(page, listing) {
  await page.goto(at(`/goods/${listing}`));
  await button(page, '放入购物车 单件').click();
  await says(page, '已放入购物车');
  await page.goto(at('/checkout'));
  await fill(page, { 收货人: '买家 1 号', 手机号码: '19900000001', 详细地址: '一组 1 号' });
  await choosePlace(page, DONGFENG);
  await button(page, '提交订单').last().click();
  await page.waitForURL(/\/orders\//);
  const id = new URL(page.url()).pathname.split('/').pop();
  await pay(page);
  return id;
}

/** The store accepts an order and brings all of it. */
export async function bring(farmer, id) {
  await farmer.goto(at(`/store/orders/${id}`));
  await button(farmer, '接单').click();
  await labelled(farmer, '承运人').selectOption('store');
  await button(farmer, '发货').click();
  await says(farmer, '已发货');
  await farmer.goto(at(`/orders/${id}`));
  await button(farmer, '已全部送达').click();
  await says(farmer, '请验收后确认收货');
}

/** Looks at the page again until it says something: what comes by messages is there within seconds. */
export async function until(page, text) {
  for (let n = 0; n < 120 && !(await page.textContent('main')).includes(text); n += 1) {
    await page.waitForTimeout(250);
    await page.reload();
  }
  assert.ok((await page.textContent('main')).includes(text), `${page.url()} does not say ${text}`);
}

