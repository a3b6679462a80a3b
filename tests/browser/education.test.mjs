// A resource from a teacher's desk to another teacher's class, by everybody's own pages: the upload with its mistake, two
// reviewers, the library, a class's space, an assignment, a guardian's consent, the marked answer; and the figures with their
// files. Every page on the way is looked at by axe, in a wide window and on a phone. The stories are in Chinese; pages are used as
// people find them, by role and name.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { PASSWORD, assertCalm, assertRoomy, clean, inEnglish, person, startBrowser, startCity } from './city.mjs';
import { entriesOf, png, wav } from './files.mjs';

const APP = 'education-resources';
/** A school of the sample, and its county. */
const SCHOOL = '2132000001';
const COUNTY = '320302';
const UNIT = '分数的初步认识';
/** Each way uploads another kind of file. */
const WAYS = [
  { how: 'desktop', name: 'er-wide', phone: false, seat: '1', title: '折纸中的几分之一', file: { name: '折纸.png', mimeType: 'image/png', buffer: png(96, 64) } },
  { how: 'phone', name: 'er-phone', phone: true, seat: '2', title: '听节拍认识四分之一', file: { name: '节拍.wav', mimeType: 'audio/x-wav', buffer: wav(440, 8_000) } },
];

let city;
let browser;
before(async () => {
  city = await startCity([APP], ['--demo-grants']);
  browser = await startBrowser();
});
after(async () => { await browser?.close(); await city?.stop(); });
afterEach(assertCalm);

const at = (path) => city.origin(APP) + path;
const main = (page) => page.locator('main');
const link = (page, name) => main(page).getByRole('link', { name });
/** A field by its label. */
const field = (page, name) => main(page).getByLabel(name, { exact: true }).and(page.locator('input, select, textarea'));
const button = (page, name) => main(page).getByRole('button', { name, exact: true });

/** A part of a page by its heading. */
const card = (page, name) => main(page).getByRole('region', { name }).first();

/** Does what leads to another page, and waits for it. */
async function leads(page, act) {
  await Promise.all([page.waitForEvent('load'), act()]);
}
const press = (page, name) => leads(page, () => button(page, name).first().click());
const follow = (page, name) => leads(page, () => link(page, name).first().click());

async function says(page, ...words) {
  const text = await main(page).textContent();
  for (const word of words) assert.ok(text.includes(word), `no “${word}” at ${page.url()}: ${text.slice(0, 600)}`);
}

/** Somebody who is signed in, at a page of the app. */
async function signedIn(account, path, phone) {
  const { page } = await person(browser, { phone });
  await page.goto(`${city.origin('')}/sign-in?return=/account`);
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('main form button').first().click();
  await page.waitForURL(/\/account/);
  await page.goto(`${city.origin('')}/sign-on?installation=${APP}&return=${encodeURIComponent(path)}`);
  await page.waitForURL(`${city.origin(APP)}/**`);
  return page;
}

/** Somebody who is not. */
async function anybody(path, phone) {
  const { page } = await person(browser, { phone });
  await page.goto(at(path));
  return page;
}

/** The sample comes by messages. */
async function sampleIsLoaded(page) {
  for (let n = 0; n < 240; n += 1) {
    await page.goto(at('/sample'));
    if (await main(page).getByText('已全部载入').count()) return;
    await new Promise((r) => { setTimeout(r, 1_000); });
  }
  assert.fail('the sample was not loaded within four minutes');
}

/** The bureau makes a code for a post, and who is to hold it takes it up; `name` is what the pages' pictures are called. */
async function takesUp(bureau, { place, post, account, name }) {
  await bureau.goto(at(`/posts/at/${place}`));
  await field(bureau, '岗位').selectOption({ label: post });
  await press(bureau, '生成邀请码');
  const code = await main(bureau).locator('.notice code').textContent();
  const page = await signedIn(account, '/posts', false);
  await field(page, '邀请码').fill(code.toLowerCase());
  if (name) await clean(page, `${name}-code`);
  await press(page, '到岗');
  await says(page, post);
  if (name) await clean(page, name);
  return page;
}

test('the bureau staffs a school, whose administrator sets up a class', async () => {
  const bureau = await signedIn('education-admin', '/sample', false);
  await sampleIsLoaded(bureau);
  await clean(bureau, 'er-00-sample');
  await bureau.goto(at('/posts'));
  await clean(bureau, 'er-01-posts-of-the-bureau');
  await takesUp(bureau, { place: COUNTY, post: '县区审核员', account: 'education-county-1', name: 'er-02-county' });
  await takesUp(bureau, { place: SCHOOL, post: '学校审核员', account: 'school-2' });
  await takesUp(bureau, { place: SCHOOL, post: '教师', account: 'teacher-1' });
  const teacher = await takesUp(bureau, { place: SCHOOL, post: '教师', account: 'teacher-2' });
  const number = await main(teacher).locator('td code').first().textContent();
  await clean(bureau, 'er-03-posts-of-the-school');

  const admin = await takesUp(bureau, { place: SCHOOL, post: '学校管理员', account: 'school-1' });
  await admin.goto(at(`/schools/${SCHOOL}/classes`));
  await clean(admin, 'er-04-no-class');
  await field(admin, '名称').fill('三年级（1）班');
  await field(admin, '年级（1 至 12）').fill('13');
  await field(admin, '学年开始的年份').fill('2026');
  await press(admin, '增加');
  assert.equal(await field(admin, '名称').inputValue(), '三年级（1）班', 'a mistake loses nothing');
  await clean(admin, 'er-05-class-mistake');
  await field(admin, '年级（1 至 12）').fill('3');
  await press(admin, '增加');
  await field(admin, '三年级（1）班的教师岗位').selectOption(number);
  await press(admin, '安排');
  await says(admin, '已安排');
  await clean(admin, 'er-06-classes');
});

/** Fills in all that a resource needs besides its unit. */
async function describe(page, { title, file }) {
  await field(page, '选择文件').setInputFiles(file);
  await field(page, '标题').fill(title);
  await field(page, '关键词').fill('分数，平均分');
  await field(page, '资源类型').selectOption({ label: '媒体素材' });
  await main(page).getByRole('group', { name: '适用对象' }).getByLabel('学生').check();
  await field(page, '语言').selectOption({ label: '无语言内容' });
  await field(page, '学段').selectOption({ label: '小学' });
  await field(page, '学科').selectOption({ label: '数学' });
  await field(page, '署名').fill('三年级数学备课组');
  await field(page, '版权所有').fill('编写学校');
  await field(page, '授权').selectOption({ label: '知识共享 署名 4.0' });
}

/** The way of a resource to the catalogue: its number. */
async function published({ name, phone, title, file }) {
  const author = await signedIn('teacher-1', '/mine', phone);
  await clean(author, `${name}-10-mine`);
  await leads(author, () => button(author, '上传资源').click());
  await clean(author, `${name}-11-upload`);
  await describe(author, { title, file });
  await press(author, '保存并提交审核');
  const unit = field(author, '单元或标准条目');
  assert.equal(await unit.getAttribute('aria-invalid'), 'true', 'the error stands at the field of the curriculum');
  assert.equal(await field(author, '标题').inputValue(), title);
  await says(author, file.name);
  await clean(author, `${name}-12-no-unit`);
  await press(author, '列出这个学科的单元');
  const option = await unit.locator('option', { hasText: UNIT }).first().getAttribute('value');
  await unit.selectOption(option);
  await press(author, '保存并提交审核');
  await author.waitForURL(/\/works\//);
  await says(author, '已提交', '作者不能审核自己的资源');
  await clean(author, `${name}-13-submitted`);
  const id = new URL(author.url()).pathname.split('/')[2];
  await assertNobodySees(author, id, title, phone);

  const reviewer = await signedIn('school-2', '/reviews', phone);
  await field(reviewer, '标题').fill(title);
  await press(reviewer, '筛选');
  await clean(reviewer, `${name}-14-desk`);
  await follow(reviewer, title);
  await field(reviewer, '学校审核意见').fill('内容准确，适合课堂使用。');
  await clean(reviewer, `${name}-15-review`);
  await press(reviewer, '通过');
  await says(reviewer, '学校已审');

  const county = await signedIn('education-county-1', '/reviews', phone);
  await clean(county, `${name}-16-desk-of-the-county`);
  await follow(county, title);
  await press(county, '通过');
  await press(county, '发布');
  await says(county, '已发布', '内容准确，适合课堂使用。');
  await clean(county, `${name}-17-published`);
  return id;
}

/** The author finds no form for a review and is refused one made by hand; a citizen finds nothing. */
async function assertNobodySees(author, id, title, phone) {
  assert.equal(await field(author, '学校审核意见').count(), 0);
  const refused = await author.evaluate(async (path) => {
    const answer = await fetch(path, { method: 'POST', body: new URLSearchParams({ level: 'school', passed: 'yes' }) });
    return { status: answer.status, text: await answer.text() };
  }, `/works/${id}/review`);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /不能审核自己编写的资源/);
  const citizen = await anybody(`/?q=${encodeURIComponent(title)}`, phone);
  await says(citizen, '没有符合条件的资源');
  for (const path of [`/resources/${id}`, `/resources/${id}/file`]) assert.equal((await citizen.goto(at(path))).status(), 404, path);
}

/** What a browser makes of the preview. */
async function assertPreview(page, { title, phone }) {
  if (phone) {
    const seconds = await page.getByLabel(title).evaluate((audio) => new Promise((resolve) => {
      if (audio.readyState > 0) resolve(audio.duration);
      audio.onloadedmetadata = () => resolve(audio.duration);
      audio.load();
    }));
    assert.equal(seconds, 1, 'the sound can be played');
    return;
  }
  const width = await page.getByRole('img', { name: title }).evaluate(async (img) => { await img.decode(); return img.naturalWidth; });
  assert.equal(width, 96, 'the picture is shown');
}

/** Finds what was published by narrowing the library down to its unit. */
async function findInLibrary(page, { name, title }) {
  await page.goto(at('/'));
  await clean(page, `${name}-20-library`);
  await follow(page, '下一页');
  assert.equal(await main(page).locator('tbody tr').count(), 20, 'a second page');
  await clean(page, `${name}-21-second-page`);
  await page.goto(at('/'));
  for (const [level, choice] of [['学段', '小学'], ['学科', '数学'], ['年级', '3 年级'], ['册次', '上册'], ['教材版本', '2024 年版'], ['单元', UNIT]]) {
    await field(page, level).selectOption({ label: choice });
    await press(page, '查找');
  }
  const titles = async () => main(page).locator('tbody th a').allTextContents();
  const newest = await titles();
  assert.equal(newest[0], title, 'the newest comes first');
  await field(page, '排序').selectOption({ label: '最早发布的在前' });
  await press(page, '查找');
  assert.deepEqual(await titles(), newest.reverse());
  await clean(page, `${name}-22-narrowed`);
}

for (const way of WAYS) {
  const { how, name, phone, seat, title } = way;

  test(`a resource is published by two reviewers, and comes into another teacher's class (${how})`, async () => {
    const id = await published(way);
    const teacher = await signedIn('teacher-2', '/', phone);
    await findInLibrary(teacher, way);
    await follow(teacher, title);
    await assertPreview(teacher, way);
    await field(teacher, '放到哪里').selectOption({ label: '三年级（1）班' });
    await press(teacher, '放入');
    await says(teacher, '已放入空间');
    await clean(teacher, `${name}-23-resource`);

    await teacher.goto(at('/classes'));
    await clean(teacher, `${name}-24-classes`);
    await follow(teacher, '三年级（1）班');
    await says(teacher, title);
    await clean(teacher, `${name}-25-class`);
    await leads(teacher, () => button(teacher, '布置作业').click());
    await field(teacher, '标题').fill(`预习：${title}`);
    await field(teacher, '要求').fill('看完资源，各举一个生活中的例子。');
    await field(teacher, '用到的资源（可不填）').fill(at(`/resources/${id}`));
    await press(teacher, '保存草稿');
    assert.equal(await field(teacher, '截止日期').getAttribute('aria-invalid'), 'true');
    await clean(teacher, `${name}-26-no-day`);
    await field(teacher, '截止日期').fill(new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10));
    await press(teacher, '保存草稿');
    await press(teacher, '布置给全班');
    await says(teacher, '已布置', title);
    await clean(teacher, `${name}-27-assignment`);
  });

  test(`a guardian consents, hands in for the child, and reads the mark (${how})`, async () => {
    const teacher = await signedIn('teacher-2', '/classes', phone);
    await follow(teacher, '三年级（1）班');
    await follow(teacher, '学生和座号码');
    await field(teacher, '从几号').fill(seat);
    await field(teacher, '到几号').fill(seat);
    await press(teacher, '生成座号码');
    await clean(teacher, `${name}-30-codes`);
    const code = await main(teacher).locator('td code').first().textContent();

    const guardian = await signedIn('citizen-001', '/family', phone);
    await clean(guardian, `${name}-31-family`);
    await follow(guardian, /我是监护人/);
    await field(guardian, '座号邀请码').fill(code);
    await field(guardian, '孩子姓名').fill(`学生${seat}`);
    await field(guardian, '孩子出生日期').fill('2017-09-01');
    await press(guardian, '同意并登记');
    const agrees = field(guardian, '我是孩子的监护人，已阅读并同意以上内容');
    assert.equal(await agrees.getAttribute('aria-invalid'), 'true', 'without the consent nothing is kept');
    assert.equal(await field(guardian, '孩子姓名').inputValue(), `学生${seat}`);
    await clean(guardian, `${name}-32-consent`);
    await agrees.check();
    await press(guardian, '同意并登记');
    await says(guardian, '已加入班级', `学生${seat}`);
    await clean(guardian, `${name}-33-joined`);

    await follow(guardian, `学生${seat}的班级空间和作业`);
    await follow(guardian, `预习：${title}`);
    const answer = main(guardian).getByRole('region', { name: `学生${seat}的作业` });
    await answer.getByLabel('答案').fill('一块饼平均分给四个人，每人四分之一。');
    await leads(guardian, () => answer.getByRole('button', { name: '交作业' }).click());
    await says(guardian, '已交');
    await clean(guardian, `${name}-34-handed-in`);
    await teacher.goto(guardian.url());
    await field(teacher, '分数（0 至 100）').fill('96');
    await field(teacher, '评语').fill('例子很好。');
    await press(teacher, '批改');
    await clean(teacher, `${name}-35-marked`);
    await guardian.reload();
    await says(guardian, '得分 96', '例子很好。');
  });

  test(`anybody reads the figures, who is missing, and takes them along (${how})`, async () => {
    const page = await anybody('/figures', phone);
    await page.locator('figure[data-chart=map] .chart-canvas svg').waitFor();
    await page.locator('figure[data-chart=line] .chart-canvas svg').nth(1).waitFor();
    await says(page, '已核验', '÷', '九年一贯制学校计一所', '农村学校生均使用次数 ÷ 城镇学校生均使用次数', '接入率十二个月的变化');
    assert.match(await card(page, /^城乡均衡度/).textContent(), /均衡度0\.\d\d/, 'a month that is over has its ratio');
    await clean(page, `${name}-40-figures`);
    const table = await download(page, '下载 CSV（各学校）');
    assert.match(table.name, /\.csv$/);
    assert.match(table.bytes.toString('utf8'), /^\uFEFF?月份,标识码,学校/);
    const book = await download(page, '下载 Excel（全部表）');
    const parts = entriesOf(book.bytes);
    for (const sheet of ['学校使用', '接入率', '接入率趋势', '尚未核验']) assert.match(parts.get('xl/workbook.xml') ?? '', new RegExp(`name="${sheet}"`));

    const missing = card(page, /^尚未核验的学校/).locator('tbody th a').first();
    const school = await missing.textContent();
    await leads(page, () => missing.click());
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), school);
    assert.doesNotMatch(await card(page, '网络接入').textContent(), /^网络接入已核验/);
    await clean(page, `${name}-41-missing-school`);
    await page.goto(at('/schools'));
    await field(page, '县区').selectOption({ label: '睢宁县' });
    await press(page, '筛选');
    await follow(page, '学生');
    await clean(page, `${name}-42-schools`);
    await page.goto(at('/resources/s0001.1'));
    const type = await link(page, /^打开\s*PDF/).evaluate(async (a) => (await fetch(a.href)).headers.get('content-type'));
    assert.equal(type, 'application/pdf', 'a document opens in the browser’s own viewer');
    await seenInTheViewer(page);
    await clean(page, `${name}-43-document`);
    for (const [path, what] of [['/curriculum', 'curriculum'], ['/help', 'help'], ['/?q=zzz', 'nothing'], ['/figures?month=2026-13', 'no-month']]) {
      await page.goto(at(path));
      await clean(page, `${name}-43-${what}`);
    }
  });

  test(`in the elder mode letters are large and there is room to hit (${how})`, async () => {
    const page = await anybody('/', phone);
    await leads(page, () => page.getByRole('banner').getByRole('button', { name: '长辈版' }).click());
    for (const path of ['/', '/figures', '/schools', '/help', '/resources/s0002.1']) {
      await page.goto(at(path));
      await assertRoomy(page);
      await clean(page, `${name}-50-elder${path.replaceAll('/', '-')}`);
    }
  });
}

/** The document of the page stands in the browser's own viewer, which no rule of the platform kept away. */
async function seenInTheViewer(page) {
  const frame = await (await page.locator('iframe.document').elementHandle()).contentFrame();
  const viewer = () => frame.childFrames()[0]?.url() ?? '';
  for (let n = 0; n < 100 && !viewer().startsWith('chrome-extension:'); n += 1) await page.waitForTimeout(100);
  assert.match(new URL(frame.url()).pathname, /\/file$/, 'a refused frame shows an error');
  assert.match(viewer(), /^chrome-extension:/);
}

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent('download'), link(page, name).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

test('the bureau reads what a probe signed, and a count that agrees', async () => {
  const page = await signedIn('education-admin', `/schools/${SCHOOL}/probes`, false);
  await clean(page, 'er-60-no-probes');
  await press(page, '显示密钥');
  await clean(page, 'er-61-key');
  const key = Buffer.from(await main(page).locator('code.digest').textContent(), 'hex');
  const probe = { id: 'browser-0001', school: SCHOOL, at: Date.now(), ok: true, mbps: 87.5, latency: 21 };
  const signature = createHmac('sha256', key).update(Object.values(probe).join('\n')).digest('hex');
  const status = await page.evaluate(async (body) => (await fetch('/api/probes', { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status, JSON.stringify({ ...probe, signature }));
  assert.equal(status, 200);
  await page.goto(at(`/schools/${SCHOOL}/probes`));
  await says(page, 'browser-0001', '87.5');
  await clean(page, 'er-62-probes');
  await page.goto(at('/figures'));
  await leads(page, () => button(page, /^复核/).click());
  await says(page, '完全一致');
  await clean(page, 'er-63-recount');
});

test('the film of the sample is played, from any moment of it', async () => {
  const page = await anybody(`/?q=${encodeURIComponent('折纸条认识几分之一')}`, false);
  await main(page).locator('tbody th a').first().click();
  const film = await main(page).locator('video').evaluate((video) => new Promise((resolve, reject) => {
    video.onerror = () => reject(new Error(video.error.message));
    video.onloadeddata = () => { video.currentTime = 5; };
    video.onseeked = () => resolve({ seconds: Math.round(video.duration), at: video.currentTime, height: video.videoHeight });
    video.preload = 'auto';
    video.load();
  }));
  assert.deepEqual(film, { seconds: 8, at: 5, height: 1080 });
  await says(page, '没有声音，不需要字幕');
  await clean(page, 'er-70-film');
});

/** What a teacher's telephone would record: three seconds of a number that moves, and of a tone (WebM, as the browser itself makes it). */
async function recorded(page) {
  await main(page).click({ position: { x: 1, y: 1 } });
  const bytes = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const pen = canvas.getContext('2d');
    pen.font = '96px sans-serif';
    const sound = new AudioContext();
    await sound.resume();
    const [tone, out] = [sound.createOscillator(), sound.createMediaStreamDestination()];
    tone.connect(out);
    tone.start();
    const stream = new MediaStream([...canvas.captureStream(15).getTracks(), ...out.stream.getTracks()]);
    const recorder = new MediaRecorder(stream, { mimeType: 'video/webm; codecs=vp8,opus' });
    const pieces = [];
    recorder.ondataavailable = (e) => pieces.push(e.data);
    const done = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.start();
    for (let n = 0; n < 30; n += 1) {
      pen.fillStyle = '#fff';
      pen.fillRect(0, 0, 320, 240);
      pen.fillStyle = '#000';
      pen.fillText(`1/${n}`, 60, 140);
      await new Promise((r) => { setTimeout(r, 100); });
    }
    recorder.stop();
    await done;
    await sound.close();
    return [...new Uint8Array(await new Blob(pieces).arrayBuffer())];
  });
  return Buffer.from(bytes);
}

const CAPTIONS = 'WEBVTT\n\n00:00.200 --> 00:01.000\n把一张纸对折。\n\n00:01.000 --> 00:02.500\n每份是它的二分之一。\n';

test('a film with sound is brought with its captions, which are seen while it is played', async () => {
  const author = await signedIn('teacher-1', '/mine/new', true);
  const film = await recorded(author);
  await describe(author, { title: '录像：对折', file: { name: '对折.webm', mimeType: 'video/webm', buffer: film } });
  await press(author, '列出这个学科的单元');
  const unit = field(author, '单元或标准条目');
  await unit.selectOption(await unit.locator('option', { hasText: UNIT }).first().getAttribute('value'));
  await field(author, '中文字幕').setInputFiles({ name: '对折.vtt', mimeType: 'text/vtt', buffer: Buffer.from(CAPTIONS.replace('00:02.500', '00:00.500')) });
  await press(author, '保存并提交审核');
  await says(author, '第 6 行', '对折.webm');
  await clean(author, 'er-71-captions-mistake');
  await field(author, '中文字幕').setInputFiles({ name: '对折.vtt', mimeType: 'text/vtt', buffer: Buffer.from(CAPTIONS) });
  await press(author, '保存并提交审核');
  await author.waitForURL(/\/works\//);
  await says(author, '已提交');
  const seen = await main(author).locator('video').evaluate((video) => new Promise((resolve, reject) => {
    const cues = [];
    video.onerror = () => reject(new Error(video.error.message));
    const [track] = video.textTracks;
    track.oncuechange = () => cues.push(...[...track.activeCues].map((cue) => cue.text));
    video.onended = () => resolve({ shown: track.mode, language: track.language, cues, heard: video.webkitAudioDecodedByteCount > 0, width: video.videoWidth });
    video.play().catch(reject);
  }));
  assert.deepEqual(seen, { shown: 'showing', language: 'zh-CN', cues: ['把一张纸对折。', '每份是它的二分之一。'], heard: true, width: 320 });
  await clean(author, 'er-72-captions');
});

test('everybody’s pages are in English too, and fit the smallest telephones', async () => {
  await inEnglish(await anybody('/', true), at, ['/', '/figures', '/schools', '/curriculum', '/help', '/resources/s0025.1'], 'er-en');
  for (const [account, name, paths] of [
    ['education-admin', 'bureau', ['/schools/new', '/posts', '/reviews']],
    ['teacher-1', 'teacher', ['/mine', '/mine/new', '/space', '/classes', '/family']],
  ]) {
    await inEnglish(await signedIn(account, '/', true), at, paths, `er-en-${name}`);
  }
});
