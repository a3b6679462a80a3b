// The gate without a network. It keeps the day's list and the scans of this tablet; it holds no
// key: an anchor of the list proves a code (docs/decisions/0007-gates-without-a-network.md).
'use strict';
(() => {
  const root = document.getElementById('offline');
  const at = (id) => document.getElementById(id);
  const word = (name) => root.querySelector(`[data-word="${name}"]`).textContent;
  // The list; how far this tablet's clock is behind the city's; who was let in by this tablet; what
  // is to be uploaded; and the batch that is on its way.
  const [SHEET, CLOCK, USED, SCANS, BATCH] = ['gate-sheet', 'gate-clock', 'gate-used', 'gate-scans', 'gate-batch'];
  const load = (key, none) => JSON.parse(localStorage.getItem(key) ?? 'null') ?? none;
  const save = (key, value) => localStorage.setItem(key, JSON.stringify(value));
  const now = () => Date.now() + load(CLOCK, 0);
  // One after another, in all windows of this tablet: a look and its mark are one step.
  const inTurn = (work) => navigator.locks.request('gate', work);
  const HOUR = 3600000;
  const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

  async function hash(text) {
    const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
    let out = '';
    for (let i = 0; i < 12; i += 1) {
      let value = 0;
      for (let bit = i * 5; bit < i * 5 + 5; bit += 1) value = value * 2 + ((bytes[bit >> 3] >> (7 - (bit & 7))) & 1);
      out += ALPHABET[value];
    }
    return out;
  }

  // As the city reads what a person typed.
  function typed(text) {
    const code = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
    return code.length === 25 && [...code].every((c) => ALPHABET.includes(c)) ? code : null;
  }

  // The window in which a code was shown: how many before the current one, and when it began.
  async function dated(sheet, entry, ticket, check) {
    const length = sheet.code_seconds * 1000;
    const perHour = Math.ceil(HOUR / length);
    const [hour, index] = [Math.floor(now() / HOUR), Math.floor((now() % HOUR) / length)];
    let value = check;
    for (let i = 0; i < perHour; i += 1) {
      value = await hash(`yunlong-ticket.${ticket}.${value}`);
      const back = entry.anchors.indexOf(value);
      if (back >= 0) {
        return { windows: (hour - sheet.hour - back) * perHour + index - i, start: (sheet.hour + back) * HOUR + i * length };
      }
    }
    return null;
  }

  const place = (sheet, entry) => `${sheet.attraction} ${entry.key}`;
  const isUsed = (sheet, entry) => entry.used || Boolean(load(USED, {})[place(sheet, entry)]);
  const isOpen = (entry) => now() >= entry.from && now() <= entry.until;

  // Lets in, once. From the look to the mark nothing else runs.
  function enter(sheet, entry, scan) {
    if (isUsed(sheet, entry)) return { refused: 'used', entry };
    if (now() < entry.from) return { refused: 'early', entry };
    if (now() > entry.until) return { refused: 'late', entry };
    const kept = { ...scan, id: crypto.randomUUID(), at: now(), code_seconds: sheet.code_seconds, attraction: sheet.attraction, gate: sheet.gate, device: sheet.device };
    save(SCANS, [...load(SCANS, []), kept]);
    save(USED, { ...load(USED, {}), [place(sheet, entry)]: now() });
    return { entry };
  }

  const isOld = (sheet) => !sheet || now() >= (sheet.hour + 4) * HOUR;

  async function byCode(text) {
    const sheet = load(SHEET, null);
    const code = typed(text);
    if (!code) return { refused: 'malformed' };
    if (isOld(sheet)) return { refused: 'old' };
    const ticket = code.slice(0, 13);
    const entry = sheet.tickets[await hash(`yunlong-ticket.list.${ticket}`)];
    if (!entry) return { refused: 'unknown' };
    const shown = await dated(sheet, entry, ticket, code.slice(13));
    if (!shown) return { refused: 'malformed' };
    if (shown.windows > 1) return { refused: 'stale', entry };
    // Nobody can make a code of a time to come: then it is this tablet's clock that is behind.
    if (shown.windows < 0) save(CLOCK, shown.start - Date.now());
    return enter(sheet, entry, { code });
  }

  async function byDocument(kind, text) {
    const sheet = load(SHEET, null);
    if (isOld(sheet)) return { refused: 'old' };
    const number = text.toUpperCase().replace(/[\s-]/g, '');
    const found = [];
    for (const entry of Object.values(sheet.tickets)) {
      const end = entry.document.replace(/^\*+/, '');
      if (!entry.document_check || !end || !number.endsWith(end)) continue;
      const check = await hash(`yunlong-ticket.document.${entry.key}.${kind}.${number}`);
      if (check.startsWith(entry.document_check)) found.push(entry);
    }
    const unused = found.filter((entry) => !isUsed(sheet, entry));
    const entry = unused.find(isOpen) ?? unused[0] ?? found[0];
    return entry ? enter(sheet, entry, { pass: entry.pass }) : { refused: 'unknown' };
  }

  function show({ refused, entry }) {
    const box = document.createElement('div');
    box.className = `notice notice-${refused ? 'bad' : 'ok'}`;
    const title = document.createElement('h2');
    title.textContent = word(refused ? 'refuse' : 'admit');
    const text = document.createElement('p');
    text.textContent = [refused && word(refused), entry && `${entry.name} · ${entry.document}`, !refused && entry.concession && word('proof')]
      .filter(Boolean).join(' · ');
    box.append(title, text);
    at('answer').replaceChildren(box);
    at('waiting').textContent = load(SCANS, []).length;
  }

  // What the city refuses it says itself; only without an answer there is no network.
  async function ask(path, options) {
    const response = await fetch(path, { headers: { accept: 'application/json', 'content-type': 'application/json' }, ...options });
    if (response.ok) return response.json();
    const problem = await response.json().catch(() => ({}));
    const said = [problem.title ?? `HTTP ${response.status}`, problem.detail, ...(problem.errors ?? []).map((e) => e.detail)];
    throw Object.assign(new Error('refused'), { status: response.status, said: [...new Set(said.filter(Boolean))].join(' · ') });
  }

  function failed(error) {
    if (error.said) return `${error.said} · ${word(error.status === 401 ? 'session' : 'kept')}`;
    return word(error.name === 'QuotaExceededError' ? 'full' : 'failed');
  }

  async function sheet(attraction, gate, device) {
    const tickets = {};
    let after = null;
    let first = null;
    do {
      const query = new URLSearchParams({ attraction, ...(after ? { after } : {}) });
      const asked = Date.now();
      const page = await ask(`/api/gates/list?${query}`);
      first ??= { ...page, behind: Math.round(page.now - (asked + Date.now()) / 2) };
      for (const t of page.tickets) tickets[t.key] = t;
      after = page.next;
    } while (after);
    return inTurn(() => {
      save(SHEET, { attraction, gate, device, hour: first.hour, code_seconds: first.code_seconds, tickets });
      save(CLOCK, first.behind);
      // Who was let in stays so until the city knows it from somewhere else.
      save(USED, Object.fromEntries(Object.entries(load(USED, {})).filter(([, when]) => when > now() - 24 * HOUR)));
      return Object.keys(tickets).length;
    });
  }

  // One batch for each place, under a number that stays until the city has it: sent twice it
  // counts once.
  async function upload() {
    const scans = load(SCANS, []);
    const here = (s) => s.attraction === scans[0].attraction && s.gate === scans[0].gate;
    const batch = load(BATCH, null)?.scans ? load(BATCH) : { number: crypto.randomUUID(), scans: scans.filter(here).slice(0, 500) };
    save(BATCH, batch);
    const { number, scans: sent } = batch;
    const body = {
      number, attraction: sent[0].attraction, gate: sent[0].gate, device: sent[0].device || undefined,
      scans: sent.map(({ code, pass, at: when, code_seconds }) => ({ code, pass, at: when, code_seconds })),
    };
    let answer;
    try {
      answer = await ask('/api/gates/batches', { method: 'POST', body: JSON.stringify(body) });
    } catch (error) {
      // Refused, nothing was taken: the scans go again under another number.
      if (error.status === 422) localStorage.removeItem(BATCH);
      throw error;
    }
    const ids = new Set(sent.map((s) => s.id));
    save(SCANS, load(SCANS, []).filter((s) => !ids.has(s.id)));
    localStorage.removeItem(BATCH);
    for (let i = 0; i < 20 && answer.state === 'uploaded'; i += 1) {
      await new Promise((r) => { setTimeout(r, 500); });
      answer = await ask(`/api/gates/batches/${number}`).catch(() => answer);
    }
    return answer;
  }

  async function uploadAll() {
    const all = { admitted: 0, conflicts: 0, open: false };
    while (load(SCANS, []).length || load(BATCH, null)?.scans) {
      const batch = await upload();
      all.admitted += batch.admitted;
      all.conflicts += batch.conflicts.length;
      all.open ||= batch.state === 'uploaded';
    }
    return word('sent') + all.admitted + word('conflicts') + all.conflicts + (all.open ? word('judging') : '');
  }

  at('sheet').addEventListener('submit', async (event) => {
    event.preventDefault();
    const gate = at('gate').value.trim();
    at('gate').value = gate;
    if (!gate) return at('gate').reportValidity();
    try {
      at('status').textContent = word('ready') + await sheet(at('attraction').value, gate, at('device').value.trim());
      at('code').focus();
    } catch (error) {
      at('status').textContent = failed(error);
    }
  });
  const scanned = (form, field, judge) => at(form).addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = at(field).value;
    at(field).value = '';
    at('answer').replaceChildren();
    try {
      show(await inTurn(() => judge(text)));
    } catch (error) {
      at('status').textContent = failed(error);
    }
    at(field).focus();
  });
  scanned('scan', 'code', byCode);
  scanned('by-document', 'number', (text) => byDocument(at('kind').value, text));
  at('upload').addEventListener('click', () => navigator.locks.request('gate-upload', { ifAvailable: true }, async (free) => {
    if (!free || !(load(SCANS, []).length || load(BATCH, null)?.scans)) return;
    try {
      at('status').textContent = await uploadAll();
    } catch (error) {
      at('status').textContent = failed(error);
    }
    at('waiting').textContent = load(SCANS, []).length;
  }));

  const kept = load(SHEET, null);
  if (kept) {
    at('attraction').value = kept.attraction;
    at('gate').value = kept.gate;
    at('device').value = kept.device ?? '';
  }
  at('waiting').textContent = load(SCANS, []).length;
  root.hidden = false;
  // Keeps this page for a restart without a network; where it cannot, the page works while it is open.
  navigator.serviceWorker?.register('/gate/worker.js', { scope: '/gate/offline' }).catch(() => {});
})();
