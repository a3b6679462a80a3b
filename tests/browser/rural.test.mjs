// Rural e-commerce by everybody's own pages: a farmer opens a store and has a batch tested, a citizen finds, buys and confirms, a
// station orders for an elder without a telephone, goods come back, a bad batch is off sale, and anybody reads the figures and
// the trace. In a wide window and on a phone; every page on the way is looked at by axe.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertCalm, clean, inEnglish, picture } from './city.mjs';
import { LONGGU, DONGFENG, WAYS, at, begin, both, bring, button, buy, choosePlace, end, fill, labelled, link, open, pay, portal, recordTest, says, signIn, storeOf, until, visit } from './rural.mjs';

before(begin);
after(end);
afterEach(assertCalm);

for (const way of WAYS) {
  const pictures = (story) => (page, name) => clean(page, `rural-${way.how}-${story}-${name}`);

  test(`a farmer opens a store; a batch is tested, goods are reviewed and on sale (${way.how})`, async () => {
    const page = await visit('/', way);
    const look = pictures(1);
    await look(page, 'loading');
    // The sample data comes by messages, with a bar; the page follows by itself.
    await page.locator('#loading').waitFor({ state: 'detached', timeout: 240_000 });
    const { farmer, code } = await storeOf(way);
    for (const path of ['goods', 'orders', 'returns', 'offers', 'income']) {
      await farmer.goto(at(`/store/${path}`));
      await look(farmer, `store-${path}`);
    }
    await page.goto(at(`/trace/${code}`));
    await says(page, '检测合格');
  });

  test(`a citizen finds, buys and confirms; the store sends in parcels (${way.how})`, async () => {
    const look = pictures(2);
    const { farmer } = await storeOf(way);
    const page = await visit('/', way);
    await look(page, 'shop');
    await link(page, '下一页').click();
    await labelled(page, '类别').selectOption('furniture');
    await labelled(page, '县（市、区）').selectOption('320324');
    await button(page, '筛选').click();
    await link(page, '价格从低到高').click();
    await page.locator('main ul.grid .amount').nth(19).waitFor();
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
    await says(page, '请再按一次');
    assert.equal(await labelled(page, '数量：单件').inputValue(), '3');
    await button(page, '放入购物车 单件').click();
    await says(page, '已放入购物车');
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
    await pay(page, look);
    await look(page, 'paid');
    const id = new URL(page.url()).pathname.split('/').pop();

    // The store hears of it, and sends the six parcels of two beds in two shipments, by two ways.
    await farmer.goto(portal('/inbox'));
    await farmer.locator('main a', { hasText: '有新订单' }).first().click();
    await farmer.waitForURL(at(`/store/orders/${id}`));
    await button(farmer, '接单').click();
    await says(farmer, '已保存');
    await labelled(farmer, `${way.bed} · 单件（最多 2）`).fill('1');
    await labelled(farmer, '承运人').selectOption('own');
    await look(farmer, 'to-send');
    await button(farmer, '发货').click();
    await says(farmer, '请填写快递公司');
    await look(farmer, 'to-send-wrong');
    await fill(farmer, { '快递公司（其他快递填写）': '示例快递', '快递单号（其他快递填写）': `SL-${way.how}` });
    await button(farmer, '发货').click();
    await says(farmer, '部分发货');
    await page.goto(at(`/orders/${id}`));
    await says(page, '部分商品已发出');
    await labelled(farmer, '承运人').selectOption('store');
    await button(farmer, '发货').click();
    await says(farmer, '已发货');
    await link(farmer, '订单详情').click();
    const parcels = farmer.locator('main').getByRole('table', { name: /^包裹/ }).locator('tbody tr');
    await parcels.nth(5).waitFor();
    assert.equal(await parcels.count(), 6);
    await button(farmer, '已全部送达').first().click();
    await says(farmer, '全部商品已发出');
    await button(farmer, '已全部送达').click();
    await says(farmer, '请验收后确认收货');

    await page.reload();
    await link(page, '确认收货').click();
    await look(page, 'confirm');
    await button(page, '确认收货').click();
    // The price is divided once the days for a return are over, which the tests over HTTP wait for.
    await says(page, '已确认收货');
    await look(page, 'confirmed');
    await page.goto(at('/orders'));
    await look(page, 'orders');
    await farmer.goto(at('/store/income'));
    await look(farmer, 'income');
  });

  test(`a station orders for an elder without a telephone, who agrees and has it on paper (${way.how})`, async () => {
    const look = pictures(3);
    const { manager } = await storeOf(way);
    const keeper = await open('station-1', '/station', way);
    await look(keeper, 'keeper');
    const number = await keeper.locator('main p code').textContent();
    await manager.goto(at('/manage/stations'));
    await look(manager, 'stations');
    await link(manager, '添加站点').click();
    await fill(manager, { ...both('名称', way.station), 村内地址: '村部', 负责人工号: number, 佣金收款单位统一社会信用代码: '93320382MA000TX30Q' });
    await choosePlace(manager, LONGGU);
    await look(manager, 'station-form');
    await button(manager, '保存').last().click();
    await says(manager, '已保存');
    if (await button(manager, '自今日起营业').count()) await button(manager, '自今日起营业').click();
    await labelled(manager, '比例（%），最高 10.00').fill('1.50');
    await button(manager, '保存佣金').click();
    await says(manager, '已保存');

    await keeper.reload();
    await link(keeper, way.station).click();
    const desk = new URL(keeper.url()).pathname;
    await says(keeper, '1.50 %');
    await look(keeper, 'desk');
    await link(keeper, '为老人代购').click();
    await says(keeper, '先把老人要买的商品放入购物车');
    await link(keeper, '去选商品').click();
    await labelled(keeper, '找什么').fill('大米');
    await labelled(keeper, '找什么').press('Enter');
    await keeper.locator('main ul.grid a').first().click();
    await button(keeper, '放入购物车 单件').click();
    await says(keeper, '已放入购物车');
    await keeper.goto(at(`${desk}/order`));
    await fill(keeper, { 姓名: '老人 1 号', 详细地址: '二组 5 号' });
    assert.equal(await labelled(keeper, '村（社区）').inputValue(), LONGGU[2], 'the station’s own village is there already');
    await button(keeper, '提交代购订单').last().click();
    await says(keeper, '请更正以下各项');
    assert.equal(await labelled(keeper, '同意方式').getAttribute('aria-invalid'), 'true');
    assert.equal(await labelled(keeper, '姓名').inputValue(), '老人 1 号');
    await look(keeper, 'no-consent');
    await labelled(keeper, '同意方式').selectOption({ label: '按手印' });
    await button(keeper, '提交代购订单').last().click();
    await keeper.waitForURL(/\/orders\//);
    const order = keeper.url();
    await pay(keeper);
    await link(keeper, '打印收据').click();
    const paper = keeper.getByRole('article');
    await paper.waitFor();
    const receipt = await paper.textContent();
    for (const word of ['凭证号', way.station, '老人 1 号', '大米', '我同意由本站点代我下单', '按手印', '签名']) assert.ok(receipt.includes(word), word);
    await look(keeper, 'receipt');
    await keeper.emulateMedia({ media: 'print' });
    assert.equal(await keeper.getByRole('banner').isVisible(), false, 'paper has the receipt alone');
    assert.ok(await paper.isVisible());
    await picture(keeper, `rural-${way.how}-3-receipt-on-paper`);
    await keeper.emulateMedia({ media: 'screen' });
    await keeper.goto(at(desk));
    await says(keeper, '大米');
    await look(keeper, 'desk-orders');
    // The consent is kept with the order: the department reads it, another citizen does not.
    await manager.goto(`${order}/receipt`);
    await says(manager, '本人同意方式：按手印');
    const other = await open('citizen-009', '/orders', way);
    assert.equal((await other.goto(order)).status(), 404);
    await look(other, 'not-theirs');
  });

  test(`a station without a network keeps an order, and syncs it once there is one (${way.how})`, async () => {
    const look = pictures(3);
    await storeOf(way);
    const keeper = await open('station-1', '/station/offline', way, [/ERR_INTERNET_DISCONNECTED/]);
    await labelled(keeper, '站点').selectOption({ label: way.station });
    await button(keeper, '下载商品目录').click();
    await says(keeper, '商品目录已下载');
    await keeper.context().setOffline(true);
    await labelled(keeper, '找商品').fill('咸鸭蛋');
    await keeper.locator('#goods').getByRole('spinbutton').first().fill('2');
    await fill(keeper, { 姓名: '老人 2 号', '详细地址（本村）': '三组 7 号' });
    await button(keeper, '保存订单').click();
    await says(keeper, '请先取得本人同意');
    assert.equal(await labelled(keeper, '姓名').inputValue(), '老人 2 号');
    await labelled(keeper, '同意方式').selectOption({ label: '签字' });
    await button(keeper, '保存订单').click();
    await says(keeper, '订单已保存在本机');
    await look(keeper, 'offline');
    await button(keeper, '同步').click();
    await says(keeper, '没有网络');
    await keeper.context().setOffline(false);
    await button(keeper, '同步').click();
    await says(keeper, '已同步。成功：1，未成功：0');
    assert.equal(await keeper.locator('#waiting').textContent(), '0');
    await keeper.locator('#results a').click();
    await pay(keeper);
    await says(keeper, '老人 2 号');
  });

  test(`goods come back: refunded by the store, or decided by the arbiter (${way.how})`, async () => {
    const look = pictures(4);
    const { farmer, bed } = await storeOf(way);
    const buyer = await open(way.buyer, '/returns', way);
    await look(buyer, 'no-returns');
    const ask = async (reason, text) => {
      const id = await buy(buyer, bed);
      await bring(farmer, id);
      await buyer.goto(at(`/orders/${id}`));
      await link(buyer, '申请退货').click();
      await labelled(buyer, '说明（选填）').fill(text);
      await button(buyer, '提交申请').click();
      await says(buyer, /请更正|没有选择/);
      assert.equal(await labelled(buyer, '说明（选填）').inputValue(), text);
      if (reason === 'damaged') await look(buyer, 'ask-wrong');
      await labelled(buyer, `${way.bed} · 单件（最多 1）`).fill('1');
      await labelled(buyer, '原因').selectOption(reason);
      await button(buyer, '提交申请').click();
      await says(buyer, '待商家处理');
      await farmer.goto(at('/store/returns'));
      await farmer.locator('main tbody a').first().click();
      return id;
    };

    const damaged = await ask('damaged', '床板开裂');
    await look(farmer, 'to-answer');
    await labelled(farmer, '答复（选填，如寄回地址）').fill('请寄回村部');
    await button(farmer, '同意退货').click();
    await says(farmer, '已同意，待寄回');
    await buyer.reload();
    await labelled(buyer, '承运人和单号').fill('示例快递 1 号');
    await button(buyer, '已寄回').click();
    await says(buyer, '示例快递 1 号');
    await farmer.reload();
    await button(farmer, '已收到并验收').click();
    await says(farmer, '已验收');
    await button(farmer, '退款').click();
    await says(farmer, '¥1,080.00');
    await buyer.goto(at(`/orders/${damaged}`));
    await until(buyer, '款项已原路退回');
    await look(buyer, 'refunded');

    const unwanted = await ask('no-reason', '颜色与房间不配');
    await labelled(farmer, '拒绝的理由').fill('定制家具');
    await button(farmer, '拒绝退货').click();
    await says(farmer, '已拒绝');
    await buyer.reload();
    await button(buyer, '申请仲裁').click();
    await says(buyer, '仲裁中');
    const arbiter = await open('commerce-arbiter', '/manage', way);
    await link(arbiter, '待仲裁的退货').click();
    await arbiter.locator('main tbody a').first().click();
    await fill(arbiter, { '退给买家（元），0 为不退': '2000.00', 理由: '双方各担一部分' });
    await button(arbiter, '作出裁决').click();
    await says(arbiter, '最多 1080.00 元');
    assert.equal(await labelled(arbiter, '理由').inputValue(), '双方各担一部分');
    await look(arbiter, 'too-much');
    await labelled(arbiter, '退给买家（元），0 为不退').fill('500.00');
    await button(arbiter, '作出裁决').click();
    await says(arbiter, '已仲裁');
    await look(arbiter, 'decided');
    await buyer.goto(at(`/orders/${unwanted}`));
    await until(buyer, '已到账');
    await says(buyer, '¥580.00');
    await look(buyer, 'arbitrated');
  });

  test(`a batch that fails is off sale, its trace says so, and who paid has the money back (${way.how})`, async () => {
    const look = pictures(5);
    const { inspector, farmer, code, garlic } = await storeOf(way);
    const buyer = await open(way.buyer, '/orders', way);
    const id = await buy(buyer, garlic);
    await recordTest(inspector, code, `JC-${way.how}-2`, 'failed');
    const page = await visit(`/trace/${code}`, way);
    await says(page, '检测不合格，已下架');
    await look(page, 'trace');
    await page.goto(at(`/goods/${garlic}`));
    await until(page, '已召回');
    assert.equal(await button(page, '放入购物车 单件').count(), 0);
    await look(page, 'goods');
    await page.goto(at(`/?q=${encodeURIComponent(way.garlic)}`));
    await says(page, '没有符合条件的商品');
    await buyer.goto(at(`/orders/${id}`));
    await until(buyer, '款项已原路退回');
    await farmer.goto(at('/store/goods'));
    await look(farmer, 'store');
  });

  test(`anybody reads the figures down to the village, and traces goods (${way.how})`, async () => {
    const look = pictures(6);
    const page = await visit('/figures', way);
    await page.locator('figure[data-chart=map] .chart-canvas svg').waitFor();
    await look(page, 'city');
    // Each level is the sum of the one below: by the page's own figures, not by its word.
    const number = (text) => Number(text.replace(/[¥,]/g, ''));
    for (const [name, below] of [['徐州市', '睢宁县'], ['睢宁县', '沙集镇'], ['沙集镇', '东风']]) {
      await page.getByRole('heading', { level: 1, name }).waitFor();
      const total = number(await page.locator('dl.facts dt:text-is("订单") + dd').textContent());
      const parts = await page.getByRole('table', { name: '下级区划' }).locator('tbody tr td:nth-child(2)').allTextContents();
      assert.ok(total > 0);
      assert.equal(parts.map(number).reduce((a, b) => a + b), total, name);
      await page.getByRole('table', { name: '下级区划' }).getByRole('link', { name: new RegExp(`^${below}`) }).click();
      await page.getByRole('heading', { level: 1, name: new RegExp(`^${below}`) }).waitFor();
      await look(page, `below-${name}`);
    }
    await page.goto(at('/figures?period=soon'));
    await says(page, '没有看懂统计期');
    await page.goto(at('/coverage'));
    await says(page, '÷');
    await look(page, 'coverage');
    await page.goto(at('/coverage/uncovered'));
    await look(page, 'uncovered');

    await page.goto(at('/trace'));
    await labelled(page, '追溯码').fill('abc');
    await button(page, '查询').click();
    await says(page, '没有找到这个追溯码');
    assert.equal(await labelled(page, '追溯码').inputValue(), 'abc');
    await look(page, 'trace-wrong');
    await page.goto(at('/?category=fresh-food'));
    await page.locator('main ul.grid a').first().click();
    const code = await page.locator('a[href^="/trace/"] code').textContent();
    await page.goto(at('/trace'));
    await labelled(page, '追溯码').fill(code.toLowerCase());
    await button(page, '查询').click();
    await page.waitForURL(at(`/trace/${code}`));
    await page.getByRole('img', { name: /二维码/ }).waitFor();
    await says(page, at(`/trace/${code}`));
    await look(page, 'trace');
    for (const path of ['groups', 'help']) {
      await page.goto(at(`/${path}`));
      await look(page, path);
    }
  });

  test(`the elder mode has large type and targets that a finger finds (${way.how})`, async () => {
    const look = pictures(7);
    const page = await open('citizen-010', '/', way);
    await page.getByRole('banner').getByRole('button', { name: '长辈版' }).click();
    await page.getByRole('button', { name: '标准版' }).waitFor();
    const goods = await page.locator('main ul.grid a').first().getAttribute('href');
    for (const path of ['/', goods, '/cart', '/orders', '/trace', '/figures', '/store/register', '/help']) {
      await page.goto(at(path));
      const [size, small] = await page.evaluate(() => {
        const targets = document.querySelectorAll('button, [role=button], input:not([type=hidden]), select, textarea, header nav a, main nav a, footer a');
        const seen = [...targets].filter((e) => e.checkVisibility() && !e.matches('.visually-hidden, .choice input'));
        const low = seen.filter((e) => e.getBoundingClientRect().height < 44);
        return [parseFloat(getComputedStyle(document.querySelector('main')).fontSize), low.map((e) => e.outerHTML.slice(0, 120))];
      });
      assert.ok(size >= 18, `${path}: text of ${size} px`);
      assert.deepEqual(small, [], `${path}: targets lower than 44 px`);
      if (['/', goods, '/store/register'].includes(path)) await look(page, path.split('/').pop() || 'shop');
    }
    // The choice is the account's: the next one begins without it.
    await page.getByRole('banner').getByRole('button', { name: '标准版' }).click();
    await page.getByRole('button', { name: '长辈版' }).waitFor();
  });
}

test('the pages of everybody, farmers, the department and stations are in English too, and fit the smallest telephones', async () => {
  const phone = { phone: true };
  const first = await visit('/', phone);
  await first.locator('#loading').waitFor({ state: 'detached', timeout: 240_000 });
  const goods = await first.locator('main ul.grid a').first().getAttribute('href');
  const paths = ['/', goods, '/groups', '/trace', '/figures', '/coverage', '/coverage/uncovered', '/help'];
  await inEnglish(first, at, paths, 'rural-en');
  const { farmer } = await storeOf(WAYS[1]);
  for (const [page, name, own] of [
    [await open('citizen-010', '/', phone), 'citizen', ['/cart', '/orders', '/returns', '/store/register']],
    [farmer, 'farmer', ['/store', '/store/edit', '/store/goods', '/store/goods/new', '/store/batches', '/store/batches/new', '/store/orders', '/store/returns', '/store/offers', '/store/income']],
    [await open('commerce-admin', '/', phone), 'department', ['/manage', '/manage/orders', '/manage/farmers', '/manage/listings', '/manage/batches', '/manage/stations', '/manage/divisions', '/manage/claims']],
    [await open('commerce-arbiter', '/', phone), 'arbiter', ['/manage/disputes']],
    [await open('station-1', '/', phone), 'station', ['/station', '/station/offline']],
  ]) {
    await inEnglish(page, at, own, `rural-en-${name}`);
  }
});
