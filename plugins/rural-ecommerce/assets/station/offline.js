// The station without a network. It keeps the list of goods and the orders of this device; each order
// has a number of its own, by which the city knows one that is sent twice.
'use strict';
(() => {
  const root = document.getElementById('offline');
  const at = (id) => document.getElementById(id);
  const word = (name) => root.querySelector(`[data-word="${name}"]`).textContent;
  const [GOODS, QUEUE] = ['station-goods', 'station-queue'];
  const load = (key, none) => JSON.parse(localStorage.getItem(key) ?? 'null') ?? none;
  const save = (key, value) => localStorage.setItem(key, JSON.stringify(value));
  // One after another, in all windows of this device: a look and its mark are one step.
  const inTurn = (work) => navigator.locks.request('station', work);
  const DAY = 86400000;
  const lang = document.documentElement.lang.startsWith('en') ? 'en' : 'zh';
  const yuan = (fen) => `¥${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
  // How many of each variant are wanted, by `listing/sku`.
  const wanted = new Map();

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };

  const variants = () => (load(GOODS, { goods: [] }).goods)
    .flatMap((g) => g.skus.map((s) => ({ ...s, listing: g.id, key: `${g.id}/${s.id}`, label: `${g.title[lang]} · ${s.name[lang]}` })));

  function total() {
    const prices = new Map(variants().map((v) => [v.key, v.price]));
    return [...wanted].reduce((sum, [key, units]) => sum + (prices.get(key) ?? 0) * units, 0);
  }

  // Those that are wanted stand there whatever is looked for.
  function showGoods() {
    const words = at('find').value.trim().toLowerCase();
    const shown = variants().filter((v) => wanted.get(v.key) || (words && v.label.toLowerCase().includes(words))).slice(0, 30);
    at('goods').replaceChildren(...shown.map((v) => {
      const item = document.createElement('li');
      const id = `units-${v.listing}-${v.id}`;
      const label = element('label', `${v.label} · ${yuan(v.price)} · ${word('left')} ${v.left}`, { for: id });
      const input = element('input', '', { id, type: 'number', min: '0', max: '999', value: String(wanted.get(v.key) ?? 0) });
      input.addEventListener('input', () => {
        const units = Number.parseInt(input.value, 10);
        if (units > 0 && units <= 999) wanted.set(v.key, units); else wanted.delete(v.key);
        at('total').textContent = yuan(total());
      });
      item.append(label, input);
      return item;
    }));
    at('total').textContent = yuan(total());
  }

  function showQueue() {
    const queue = load(QUEUE, []);
    at('waiting').textContent = queue.length;
    at('queue').replaceChildren(...queue.map((o) => {
      const text = `${new Date(o.sale.made_at).toLocaleString()} · ${o.sale.purchase.recipient.name} · ${yuan(o.sale.purchase.expected_total)}${o.why ? ` · ${o.why}` : ''} `;
      const item = element('li', text);
      const remove = element('button', word('remove'), { type: 'button', class: 'small secondary outline', 'aria-label': `${word('remove')} ${text}` });
      remove.addEventListener('click', () => inTurn(() => {
        save(QUEUE, load(QUEUE, []).filter((q) => q.sale.client_id !== o.sale.client_id));
        showQueue();
      }));
      item.append(remove);
      return item;
    }));
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
    if (error.said) return error.status === 401 ? word('session') : error.said;
    return word(error.name === 'QuotaExceededError' ? 'full' : 'failed');
  }

  async function download(station, village) {
    const answer = await ask(`/api/stations/${encodeURIComponent(station)}/catalogue`);
    await inTurn(() => save(GOODS, { station, village, at: Date.now(), goods: answer.goods }));
    at('status').textContent = word('ready') + answer.goods.length;
    showGoods();
  }

  function keep() {
    const kept = load(GOODS, null);
    if (!kept) return word('none');
    if (Date.now() - kept.at > 7 * DAY) return word('old');
    if (!wanted.size) return word('empty');
    if (!at('consent').value) return word('consent');
    const items = [...wanted].map(([key, quantity]) => {
      const [listing, sku] = key.split('/');
      return { listing, sku, quantity };
    });
    const sale = {
      client_id: crypto.randomUUID(),
      purchase: {
        items,
        recipient: { name: at('name').value.trim(), phone: at('phone').value.trim(), division: kept.village, address: at('address').value.trim() },
        expected_total: total(),
      },
      consent: at('consent').value,
      made_at: Date.now(),
    };
    save(QUEUE, [...load(QUEUE, []), { station: kept.station, sale }]);
    wanted.clear();
    at('order').reset();
    showGoods();
    showQueue();
    return word('kept');
  }

  // Takes what the city has out of the queue, and notes beside the others why it refused them.
  function settle(results) {
    const of = new Map(results.map((r) => [r.client_id, r]));
    const rest = load(QUEUE, []).filter((o) => !of.get(o.sale.client_id)?.orders.length);
    save(QUEUE, rest.map((o) => ({ ...o, why: of.get(o.sale.client_id)?.refused?.detail[lang] ?? o.why })));
  }

  // One station's orders at a time, at most fifty.
  async function sync() {
    const done = { placed: [], refused: 0 };
    const queue = load(QUEUE, []);
    for (const station of new Set(queue.map((o) => o.station))) {
      const own = queue.filter((o) => o.station === station).map((o) => o.sale);
      for (let i = 0; i < own.length; i += 50) {
        const body = JSON.stringify({ orders: own.slice(i, i + 50) });
        const { results } = await ask(`/api/stations/${encodeURIComponent(station)}/sync`, { method: 'POST', body });
        await inTurn(() => settle(results));
        results.forEach((r) => done.placed.push(...r.orders));
        done.refused += results.filter((r) => r.refused).length;
      }
    }
    return done;
  }

  at('catalogue').addEventListener('submit', async (event) => {
    event.preventDefault();
    const chosen = at('station').selectedOptions[0];
    try {
      await download(chosen.value, chosen.dataset.village);
    } catch (error) {
      at('status').textContent = failed(error);
    }
  });
  at('find').addEventListener('input', showGoods);
  at('order').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      at('status').textContent = await inTurn(keep);
    } catch (error) {
      at('status').textContent = failed(error);
    }
  });
  at('sync').addEventListener('click', () => navigator.locks.request('station-sync', { ifAvailable: true }, async (free) => {
    if (!free || !load(QUEUE, []).length) return;
    try {
      const done = await sync();
      at('status').textContent = `${word('sent')}${done.placed.length}${word('refused')}${done.refused}`;
      at('results').replaceChildren(...done.placed.map((o) => {
        const item = document.createElement('li');
        item.append(element('a', `${o.id} · ${yuan(o.total)} · ${word('pay')}`, { href: `/orders/${o.id}` }));
        return item;
      }));
    } catch (error) {
      at('status').textContent = failed(error);
    }
    showQueue();
  }));

  const kept = load(GOODS, null);
  if (kept) {
    at('station').value = kept.station;
    at('status').textContent = word('ready') + kept.goods.length;
  }
  showGoods();
  showQueue();
  root.hidden = false;
  // Keeps this page for a restart without a network; where it cannot, the page works while it is open.
  navigator.serviceWorker?.register('/station/worker.js', { scope: '/station/offline' }).catch(() => {});
})();
