// Who people are, in a real browser: signing in with an outside provider, a passkey in Chromium's
// virtual authenticator, codes of an authenticator app without JavaScript, acting for somebody else,
// sessions, and what the three administrators do. axe looks at every new page in both languages.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, assertCalm, clean as look, person, startBrowser, startCity } from './city.mjs';
import { CLIENT, SECRET, startProvider } from './provider.mjs';

let city;
let browser;
let provider;
let folder;
before(async () => {
  provider = await startProvider();
  folder = mkdtempSync(join(tmpdir(), 'yunlong-provider-'));
  writeFileSync(join(folder, 'secret'), SECRET, { mode: 0o600 });
  writeFileSync(join(folder, 'providers.toml'), `
    [[provider]]
    name = "province"
    title = { zh = "省政务服务网", en = "The province's services" }
    issuer = "${provider.issuer}"
    client_id = "${CLIENT}"
    client_secret_file = "secret"
    scopes = ["profile"]
    trusted = ["real-name"]
  `);
  city = await startCity(['guestbook'], ['--providers', join(folder, 'providers.toml'), '--self-registration']);
  provider.serve(city.origin(''));
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await city?.stop();
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(assertCalm);

const clean = (page, name) => look(page, `identity-${name}`);

/** Opens pages in Chinese and in English, and looks at each. */
async function bothLanguages(page, paths, name) {
  for (const [path, label] of paths) {
    await page.goto(path);
    for (const lang of ['zh', 'en']) {
      const other = page.locator(`header form button[name=lang][value=${lang}]`);
      if (await other.count()) { await other.click(); await page.waitForLoadState(); }
      await clean(page, `${name}-${label}-${lang}`);
    }
  }
}

async function signIn(page, account, path = '/sign-in') {
  await page.goto(city.origin('') + path);
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
  await page.waitForLoadState();
}

/** The code that an authenticator app shows (RFC 6238). */
function totp(secret, at = Date.now()) {
  const bits = [...secret.replace(/\s/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('a citizen signs in with the outside provider, and the second time is the same person', async () => {
  const accounts = [];
  for (const round of ['first', 'second']) {
    const { page, context } = await person(browser, { visits: provider.issuer });
    // The provider's own pages ask for a font elsewhere.
    await context.route((url) => !/^(localhost|127\.0\.0\.1|.*\.localhost)$/.test(url.hostname), (route) => route.abort());
    await page.goto(`${city.origin('')}/sign-in?return=/account`);
    await clean(page, `outside-${round}`);
    await page.locator('a[href*="/sign-in/with/province"]').click();
    await page.waitForURL(`${provider.issuer}/**`);
    await page.fill('input[name=login]', 'wang-wu');
    await page.fill('input[name=password]', 'anything');
    await page.locator('button[type=submit]').click();
    await page.waitForLoadState();
    if (page.url().startsWith(provider.issuer)) await page.locator('button[type=submit]').click();
    await page.waitForURL(`${city.origin('')}/account`);
    assert.match(await page.textContent('main'), /王五/);
    accounts.push(await page.locator('a.who').textContent());
    await clean(page, `outside-account-${round}`);
  }
  assert.equal(accounts[0], accounts[1]);
});

test('an account is linked after its password, and the provider asks anew who it is', async () => {
  const { page, context } = await person(browser, { visits: provider.issuer });
  await context.route((url) => !/^(localhost|127\.0\.0\.1|.*\.localhost)$/.test(url.hostname), (route) => route.abort());
  await signIn(page, 'citizen-009');
  await page.goto(`${city.origin('')}/account`);
  await page.locator('a[href="/account/link/province"]').click();
  await page.waitForURL('**/account/link/province');
  await clean(page, 'link-asks');
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
  await page.waitForLoadState();
  await clean(page, 'link-leads');
  const leads = page.locator(`a[href^="${provider.issuer}"]`);
  assert.match(await leads.getAttribute('href'), /prompt=login/);
  await leads.click();
  await page.waitForURL(`${provider.issuer}/**`);
  await page.fill('input[name=login]', 'li-si');
  await page.fill('input[name=password]', 'anything');
  await page.locator('button[type=submit]').click();
  await page.waitForLoadState();
  if (page.url().startsWith(provider.issuer)) await page.locator('button[type=submit]').click();
  await page.waitForURL(`${city.origin('')}/account?saved=1`);
  assert.match(await page.textContent('main'), /解除关联/);
});

test('who cancels at the provider is told so and is nobody', async () => {
  const { page } = await person(browser, { visits: provider.issuer });
  await page.goto(`${city.origin('')}/sign-in/with/province`);
  const state = new URL(page.url());
  assert.ok(state.href.startsWith(provider.issuer));
  await page.goto(`${city.origin('')}/sign-in/callback/province?error=access_denied&state=another-state-of-another`);
  await clean(page, 'outside-refused');
  await page.goto(`${city.origin('')}/account`);
  assert.match(page.url(), /\/sign-in/);
});

test('a passkey is enrolled and signs in, in the virtual authenticator', async () => {
  const { page, context, problems } = await person(browser);
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await signIn(page, 'city-security');
  await page.goto(`${city.origin('')}/account/second-factor`);
  await clean(page, 'passkey-1-set-up');
  await page.fill('input[name=passkey_name]', '办公电脑');
  await page.fill('form[data-passkey=create] input[name=password]', PASSWORD);
  await page.locator('form[data-passkey=create] button').click();
  await page.waitForSelector('code.secret');
  assert.equal(await page.locator('code.secret').count(), 10, 'ten recovery codes');
  await clean(page, 'passkey-2-recovery-codes');

  await page.locator('header form[action$="/sign-out"] button').click();
  await page.waitForLoadState();
  await signIn(page, 'city-security', '/sign-in?return=/account/second-factor');
  assert.match(page.url(), /\/sign-in\/second/);
  await clean(page, 'passkey-3-second-step');
  await page.locator('form[data-passkey=get] button').click();
  // The step before names this page in its query: wait for the path itself.
  await page.waitForURL((url) => url.pathname === '/account/second-factor');
  assert.match(await page.textContent('main'), /办公电脑/);
  await clean(page, 'passkey-4-list');

  // A wrong code beside it is said at the field.
  await page.goto(`${city.origin('')}/step-up?return=/account`);
  await page.fill('input[name=code]', '000000');
  await page.locator('form:not([data-passkey]) button', { hasText: /验证/ }).last().click();
  await page.waitForSelector('#code-error');
  await clean(page, 'passkey-5-wrong-code');
  await page.locator('form[data-passkey=get] button').click();
  await page.waitForURL(`${city.origin('')}/account`);
  await bothLanguages(page, [[`${city.origin('console')}/policy`, 'policy'], [`${city.origin('console')}/accounts/city-admin`, 'empower']], 'security');
  assert.deepEqual(problems.filter((p) => !/422/.test(p)), [], 'the browser complains');
});

test('an authenticator app works without JavaScript, in English', async () => {
  const { page } = await person(browser, { lang: 'en', javaScript: false });
  await signIn(page, 'tourism-admin');
  await page.goto(`${city.origin('')}/account/second-factor`);
  assert.equal(await page.locator('form[data-passkey]').isVisible(), false, 'a passkey needs a script');
  await page.locator('form[action$="/totp"] button').click();
  await page.waitForSelector('.qr svg');
  const secret = await page.textContent('code.secret');
  await page.fill('input[name=code]', totp(secret));
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('form[action$="/totp/confirm"] button').click();
  await page.waitForSelector('code.secret');
  const recovery = await page.locator('code.secret').first().textContent();

  const other = await person(browser, { lang: 'en', javaScript: false });
  await signIn(other.page, 'tourism-admin', '/sign-in?return=/account');
  assert.match(other.page.url(), /\/sign-in\/second/);
  await other.page.fill('input[name=code]', recovery.trim());
  await other.page.locator('main form button').last().click();
  await other.page.waitForURL(`${city.origin('')}/account`);
});

test('the totp page has no barrier', async () => {
  const { page } = await person(browser);
  await signIn(page, 'tourism-gate');
  await page.goto(`${city.origin('')}/account/second-factor`);
  await page.locator('form[action$="/totp"] button').click();
  await page.waitForSelector('.qr svg');
  await clean(page, 'totp-offer');
});

test('a mandate is given, taken, chosen, seen on every page, and revoked', async () => {
  const mother = await person(browser);
  await signIn(mother.page, 'citizen-001');
  await mother.page.goto(`${city.origin('')}/mandates`);
  await mother.page.check('input[name=agree]');
  await mother.page.locator('form[action="/mandates/give"] button').click();
  const code = (await mother.page.textContent('code.secret')).trim();
  await clean(mother.page, 'mandate-given');

  const daughter = await person(browser);
  await signIn(daughter.page, 'citizen-002');
  await daughter.page.goto(`${city.origin('')}/mandates`);
  await daughter.page.fill('input[name=code]', code);
  await daughter.page.locator('form[action="/mandates/take"] button').click();
  await daughter.page.locator('form[action="/mandates/act"] button').first().click();
  await daughter.page.waitForSelector('.acting');
  await bothLanguages(daughter.page, [[`${city.origin('')}/mandates`, 'held'], [`${city.origin('')}/`, 'acting-home']], 'mandate');
  // The app's own pages say so, too.
  await daughter.page.goto(`${city.origin('')}/sign-on?installation=guestbook&return=/`);
  await daughter.page.waitForURL(`${city.origin('guestbook')}/**`);
  assert.ok(await daughter.page.locator('.acting').count(), 'the app’s header says that somebody acts for another');
  await clean(daughter.page, 'mandate-at-the-app');

  await mother.page.goto(`${city.origin('')}/mandates`);
  await mother.page.locator('form[action="/mandates/revoke"] button').first().click();
  await mother.page.waitForLoadState();
  await daughter.page.reload();
  assert.equal(await daughter.page.locator('.acting').count(), 0, 'a revoked mandate is none at the next request');
});

test('one’s own account has no barriers, and sessions end everywhere', async () => {
  const { page } = await person(browser);
  await signIn(page, 'citizen-003');
  const at = (path) => city.origin('') + path;
  await bothLanguages(page, [[at('/account'), 'account'], [at('/account/password'), 'password'], [at('/account/sessions'), 'sessions'],
    [at('/account/second-factor'), 'second-factor'], [at('/step-up'), 'step-up']], 'own');
  const elsewhere = await person(browser);
  await signIn(elsewhere.page, 'citizen-003');
  await page.goto(at('/account/sessions'));
  await page.locator('form[action$="/end-all"] button').click();
  await page.waitForURL(/signed-out/);
  await elsewhere.page.goto(at('/account'));
  assert.match(elsewhere.page.url(), /\/sign-in/);
  await bothLanguages(page, [[at('/reset'), 'reset'], [at('/register'), 'register'], [at('/sign-in'), 'sign-in']], 'open');
});

test('the administrators’ pages have no barriers, and each sees what is theirs', async () => {
  const console_ = (path) => city.origin('console') + path;
  const admin = await person(browser);
  await signIn(admin.page, 'city-admin');
  await bothLanguages(admin.page, [['/accounts', 'accounts'], ['/accounts/new', 'open'], ['/accounts/citizen-001', 'account'],
    ['/organizations', 'organizations'], ['/roles', 'roles'], ['/companies', 'companies']].map(([p, n]) => [console_(p), n]), 'system');
  await admin.page.goto(console_('/accounts/new'));
  await admin.page.fill('input[name=name]', 'gate-9');
  await admin.page.locator('main form.card button').click();
  await admin.page.waitForSelector('code.secret');
  await clean(admin.page, 'system-code');
  await admin.page.goto(console_('/audit'));
  assert.equal(await admin.page.locator('main table').count(), 0, 'the system administrator reads no audit trail');

  const audit = await person(browser);
  await signIn(audit.page, 'city-audit');
  await bothLanguages(audit.page, [[console_('/audit'), 'trail'], [console_('/audit?of=apps'), 'apps'], [console_('/audit/acts'), 'acts']], 'audit');
  assert.match(await (await audit.page.goto(console_('/audit?action=account.created&target=gate-9'))).text(), /city-admin/);
});
