// A pupil's time on a resource's page: seconds in which the page is in sight. Each look has a number of its own, so that one
// that is sent twice counts once. What cannot be sent waits in the device's storage, and goes with the next look.
'use strict';
(() => {
  const root = document.getElementById('use');
  if (root === null) return;
  const QUEUE = 'education-uses';
  const [MOST, SHORTEST] = [500, 3];
  const use = { id: crypto.randomUUID(), resource: root.dataset.resource, at: Date.now(), seconds: 0 };
  let since = document.visibilityState === 'visible' ? Date.now() : null;
  let milliseconds = 0;
  let isQueued = false;

  // Another tab of this device keeps the same queue: one after another.
  const inTurn = (work) => (navigator.locks === undefined ? work() : navigator.locks.request(QUEUE, work));

  function load() {
    try {
      const kept = JSON.parse(localStorage.getItem(QUEUE) ?? '[]');
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  function save(queue) {
    try {
      localStorage.setItem(QUEUE, JSON.stringify(queue.slice(-MOST)));
    } catch {
      // A full storage loses the count of a look, and nothing else.
    }
  }

  function pause() {
    if (since !== null) milliseconds += Date.now() - since;
    since = null;
  }

  // What was sent is not changed any more: the same number stands for the same look.
  function close() {
    pause();
    use.seconds = Math.floor(milliseconds / 1000);
    if (isQueued || use.seconds < SHORTEST) return;
    isQueued = true;
    save([...load(), use]);
  }

  async function send() {
    const queue = load();
    if (queue.length === 0) return;
    let answer;
    try {
      answer = await fetch('/api/uses', {
        method: 'POST',
        keepalive: true,
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ client: 'page', uses: queue }),
      });
    } catch {
      return; // No network: they wait.
    }
    // Signed out, or the city is busy: they wait as well. What was refused one by one has had its answer.
    if (!answer.ok) return;
    const sent = new Set(queue.map((u) => u.id));
    save(load().filter((u) => !sent.has(u.id)));
  }

  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') {
      since = Date.now();
      return;
    }
    pause();
  });
  addEventListener('pagehide', () => {
    close();
    void inTurn(send);
  });
  // What waited from before.
  void inTurn(send);
})();
