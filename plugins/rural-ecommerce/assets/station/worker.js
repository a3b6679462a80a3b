// Keeps the station's page without a network, so that a device that is restarted opens it again.
// It keeps these files and nothing else: what the page knows is in the device's own storage.
'use strict';
const CACHE = 'station-offline-1';
const FILES = ['/station/offline', '/assets/station/offline.js', '/_city/theme.css', '/_city/icon.svg'];
// A network that answers later than this is none, while somebody waits at the desk.
const PATIENCE = 4000;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const old = async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(old());
});

// The city's answer is kept for later. One that leads to the sign-in or says that the city is in
// trouble is not: it must not take the page's place.
async function fresh(event, cache, path) {
  const response = await fetch(event.request);
  if (response.ok && !response.redirected) await cache.put(path, response.clone()).catch(() => {});
  return response;
}

async function answer(event, path) {
  const cache = await caches.open(CACHE);
  // One page for all languages and modes: the copy is that of the keeper's last visit.
  const kept = await cache.match(path, { ignoreVary: true });
  const asked = fresh(event, cache, path);
  event.waitUntil(asked.catch(() => {}));
  if (!kept) return asked;
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE, kept); });
  try {
    const response = await Promise.race([asked, late]);
    return response.status >= 500 ? kept : response;
  } catch {
    return kept;
  }
}

self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== self.location.origin || !FILES.includes(pathname)) return;
  event.respondWith(answer(event, pathname));
});
