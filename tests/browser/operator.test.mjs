// The operator's day in a real browser: a release that is broken is uploaded, reviewed and put in charge; its job runs, and
// what it publishes becomes a dead letter; the former release comes back, and the message is delivered again. Every page on
// the way is looked at by axe.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, WAYS, assertCalm, clean, person, publishAndApprove, repackage, startBrowser, startCity } from './city.mjs';

const APP = 'ticker';

let city;
let browser;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'yunlong-releases-'));
  city = await startCity([APP]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await city?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(assertCalm);

/** Loads the page until `holds`. */
async function until(page, path, holds) {
  for (let i = 0; i < 100; i += 1) {
    await page.goto(city.origin('console') + path);
    if (await holds()) return;
    await new Promise((r) => { setTimeout(r, 200); });
  }
  assert.fail(`it did not happen: ${path}: ${await page.textContent('main')}`);
}

/** How many messages the app has counted. */
async function counted(page) {
  await page.goto(city.origin(APP));
  return Number(await page.textContent('main strong.amount'));
}

for (const [n, { how, name, ...options }] of WAYS.entries()) {
  test(`a broken release is put in charge, rolled back, and its dead letter delivered again (${how})`, async () => {
    const version = `1.0.${n + 1}`;
    const words = options.lang === 'en'
      ? { running: /Running|Done/, trial: 'Trial', rolledBack: 'Rolled back', none: 'There are none.' }
      : { running: /正在运行|成功/, trial: '观察期', rolledBack: '退回', none: '没有未送达的消息。' };
    const { page } = await person(browser, options);
    const at = (path) => city.origin('console') + path;
    await page.goto(at('/'));
    await page.fill('input[name=account]', 'city-admin');
    await page.fill('input[name=password]', PASSWORD);
    await page.locator('main form button').first().click();
    await page.waitForURL(at('/**'));

    // It has forgotten the counter that its consumer writes.
    const broken = repackage(APP, version, folder, (manifest) => manifest.replace(/^counters = .*$/m, ''));
    const digest = await publishAndApprove(city, broken);
    await page.goto(at('/install'));
    await clean(page, `${name}-operator-1-published`);
    await page.goto(at(`/install/${digest}`));
    await clean(page, `${name}-operator-2-review`);
    await page.locator('form[action$="/upgrade"] button').click();
    await page.waitForURL(/\/versions\?done=1/);
    assert.match(await page.textContent('main'), new RegExp(version.replaceAll('.', '\\.')));
    await page.waitForSelector(`h2 >> text=${words.trial}`);
    await clean(page, `${name}-operator-3-versions`);

    await page.goto(at(`/apps/${APP}/jobs`));
    await clean(page, `${name}-operator-4-jobs`);
    await page.locator('button[value=run]').click();
    await page.waitForURL(/\/jobs\?done=1/);
    await clean(page, `${name}-operator-5-asked`);
    await until(page, `/apps/${APP}/jobs/tick`, async () => words.running.test(await page.textContent('main')));
    await clean(page, `${name}-operator-6-runs`);
    await until(page, `/apps/${APP}/dead-letters`, async () => await page.locator('button[value=redrive]').count() > 0);
    assert.match(await page.textContent('main'), /ticker\.tick/);
    await clean(page, `${name}-operator-7-dead-letters`);

    await page.goto(at(`/apps/${APP}/versions`));
    await page.selectOption('select[name=version]', '1.0.0');
    await page.fill('input[name=reason]', '计数器忘了声明 · it forgot a counter');
    await page.locator('button[value=roll-back]').click();
    await page.waitForURL(/\/versions\?done=1/);
    assert.match(await page.textContent('#history + .table-wrap tbody tr:first-child'), new RegExp(words.rolledBack));
    assert.match(await page.textContent('#history + .table-wrap tbody tr:first-child'), new RegExp(`${version.replaceAll('.', '\\.')} → 1\\.0\\.0`));
    await clean(page, `${name}-operator-8-rolled-back`);

    const earlier = await counted(page);
    await page.goto(at(`/apps/${APP}/dead-letters`));
    await page.locator('button[value=redrive]').first().click();
    await page.waitForURL(/\/dead-letters\?done=1/);
    // The minute's own tick may be there as well.
    if (await page.locator('button[value=redrive-all]').count()) {
      await page.locator('button[value=redrive-all]').click();
      await page.waitForURL(/\/dead-letters\?redriven=/);
    }
    await page.waitForSelector(`text=${words.none}`);
    await clean(page, `${name}-operator-9-delivered`);
    for (let i = 0; i < 100 && await counted(page) <= earlier; i += 1) await new Promise((r) => { setTimeout(r, 200); });
    assert.ok(await counted(page) > earlier, 'the message was not counted');
    await clean(page, `${name}-operator-10-ticker`);
  });
}
