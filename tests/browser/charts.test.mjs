// Charts: a table that the platform's script draws, under the policy of an app without scripts of its own; and the table alone
// where scripts do not run.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, WAYS, assertCalm, clean, person, startBrowser, startCity } from './city.mjs';

let city;
let browser;
before(async () => { city = await startCity(['guestbook']); browser = await startBrowser(); });
after(async () => { await browser?.close(); await city?.stop(); });
afterEach(assertCalm);

const APP = 'guestbook';

async function leave(page, text) {
  await page.goto(`${city.origin(APP)}/write`);
  if (await page.locator('input[name=password]').count()) {
    await page.fill('input[name=account]', 'citizen-001');
    await page.fill('input[name=password]', PASSWORD);
    await page.locator('main form button').first().click();
    await page.waitForURL(`${city.origin(APP)}/**`);
  }
  await page.fill('input[name=name]', '李');
  await page.fill('textarea[name=text]', text);
  await page.locator('main form button').last().click();
  await page.waitForURL(/left=/);
}

for (const { how, name, ...options } of WAYS) {
  test(`figures are drawn, and their table is one key away (${how})`, async () => {
    const { page } = await person(browser, options);
    await leave(page, '湖边很美。');
    await page.goto(`${city.origin(APP)}/days`);
    const canvas = page.locator('figure[data-chart] .chart-canvas');
    await canvas.locator('svg').waitFor();
    const table = page.locator('figure[data-chart] table');
    assert.equal(await table.isVisible(), false, 'the chart stands in place of the table');
    await clean(page, `${name}-chart`);
    const switches = page.locator('.chart-switches button');
    await switches.nth(1).focus();
    await page.keyboard.press('Enter');
    assert.ok(await table.isVisible());
    assert.equal(await switches.nth(1).getAttribute('aria-pressed'), 'true');
    await clean(page, `${name}-chart-table`);
    await switches.nth(0).click();
    assert.equal(await canvas.isVisible(), false);
    assert.ok(await table.isVisible(), 'one of the two is always there');
    assert.ok(await page.locator('button[data-print]').isVisible());
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('.chart-switches').isVisible(), false);
    assert.ok((await canvas.isVisible()) && (await table.isVisible()), 'paper has both');
  });
}

test('without a script the table stands there', async () => {
  const { page } = await person(browser, { javaScript: false });
  await page.goto(`${city.origin(APP)}/days`);
  assert.equal(await page.locator('button[data-print]').isVisible(), false);
  assert.ok(await page.locator('figure[data-chart] :is(table, .empty)').isVisible());
});
