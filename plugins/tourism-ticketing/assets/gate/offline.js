// The gate without a network. It keeps the day's list and the scans of this tablet; it holds no
// key: an anchor of the list proves a code (docs/decisions/0007-gates-without-a-network.md).
'use strict';
(() => {
  const root = document.getElementById('offline');
  const at = (id) => document.getElementById(id);
  const word = (name) => root.querySelector(`[data-word="${name}"]`).textContent;
  const SHEET = 'gate-sheet';
  const SCANS = 'gate-scans';
  const load = (key, none) => JSON.parse(localStorage.getItem(key) ?? 'null') ?? none;
  const save = (key, value) => localStorage.setItem(key, JSON.stringify(value));
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

  // The window in which a code was shown, counted back from now: 0 is the current one.
  async function age(sheet, entry, ticket, check, now) {
    const length = sheet.code_seconds * 1000;
    const perHour = Math.ceil(HOUR / length);
    const hour = Math.floor(now / HOUR);
    const index = Math.floor((now % HOUR) / length);
    let value = check;
    for (let i = 0; i < perHour; i += 1) {
      value = await hash(`yunlong-ticket.${ticket}.${value}`);
      const back = entry.anchors.indexOf(value);
      if (back >= 0) return (hour - sheet.hour - back) * perHour + index - i;
    }
    return null;
  }

  async function judge(text) {
    const sheet = load(SHEET, null);
    const code = typed(text);
    if (!code) return { refused: 'malformed' };
    const now = Date.now() + (sheet?.offset ?? 0);
    if (!sheet || now >= (sheet.hour + 4) * HOUR) return { refused: 'old' };
    const ticket = code.slice(0, 13);
    const entry = sheet.tickets[await hash(`yunlong-ticket.list.${ticket}`)];
    if (!entry) return { refused: 'unknown' };
    const windows = await age(sheet, entry, ticket, code.slice(13), now);
    if (windows === null) return { refused: 'malformed' };
    if (windows < 0 || windows > 1) return { refused: 'stale', entry };
    if (entry.used) return { refused: 'used', entry };
    if (now < entry.from) return { refused: 'early', entry };
    if (now > entry.until) return { refused: 'late', entry };
    entry.used = true;
    save(SHEET, sheet);
    save(SCANS, [...load(SCANS, []), { code, at: Date.now(), attraction: sheet.attraction, gate: sheet.gate }]);
    return { entry };
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

  async function sheet(attraction, gate) {
    const tickets = {};
    let after = null;
    let first = null;
    do {
      const query = new URLSearchParams({ attraction, ...(after ? { after } : {}) });
      const response = await fetch(`/api/gates/list?${query}`, { headers: { accept: 'application/json' } });
      if (!response.ok) throw new Error(response.statusText);
      const page = await response.json();
      first ??= page;
      for (const t of page.tickets) tickets[t.key] = t;
      after = page.next;
    } while (after);
    // What was scanned and not uploaded yet stays used.
    const before = load(SHEET, null);
    for (const [key, t] of Object.entries(tickets)) t.used ||= Boolean(before?.tickets[key]?.used);
    save(SHEET, { attraction, gate, hour: first.hour, code_seconds: first.code_seconds, offset: first.now - Date.now(), tickets });
    return Object.keys(tickets).length;
  }

  // One batch for each place, under a number that stays until the city has it: sent twice it
  // counts once.
  async function upload() {
    const number = load('gate-batch', null) ?? crypto.randomUUID();
    const scans = load(SCANS, []);
    const one = scans.filter((s) => s.attraction === scans[0].attraction && s.gate === scans[0].gate).slice(0, 500);
    const frozen = load('gate-frozen', null) ?? one;
    save('gate-batch', number);
    save('gate-frozen', frozen);
    const body = { number, attraction: frozen[0].attraction, gate: frozen[0].gate, scans: frozen.map(({ code, at: when }) => ({ code, at: when })) };
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    let response = await fetch('/api/gates/batches', { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(response.statusText);
    const sent = new Set(frozen.map((s) => `${s.code} ${s.at}`));
    save(SCANS, load(SCANS, []).filter((s) => !sent.has(`${s.code} ${s.at}`)));
    localStorage.removeItem('gate-batch');
    localStorage.removeItem('gate-frozen');
    let batch = await response.json();
    for (let i = 0; i < 20 && batch.state === 'uploaded'; i += 1) {
      await new Promise((r) => { setTimeout(r, 500); });
      response = await fetch(`/api/gates/batches/${number}`, { headers });
      if (!response.ok) break;
      batch = await response.json();
    }
    return batch;
  }

  at('sheet').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      at('status').textContent = word('ready') + await sheet(at('attraction').value, at('gate').value.trim());
      at('code').focus();
    } catch {
      at('status').textContent = word('failed');
    }
  });
  at('scan').addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = at('code').value;
    at('code').value = '';
    show(await judge(text));
    at('code').focus();
  });
  at('upload').addEventListener('click', async () => {
    if (!load(SCANS, []).length && !load('gate-frozen', null)) return;
    try {
      const batch = await upload();
      at('status').textContent = word('sent') + batch.admitted + word('conflicts') + batch.conflicts.length;
    } catch {
      at('status').textContent = word('failed');
    }
    at('waiting').textContent = load(SCANS, []).length;
  });

  const kept = load(SHEET, null);
  if (kept) {
    at('attraction').value = kept.attraction;
    at('gate').value = kept.gate;
  }
  at('waiting').textContent = load(SCANS, []).length;
  root.hidden = false;
})();
