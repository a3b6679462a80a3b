// A program for any wasi:http host with wasi:keyvalue, in TypeScript with hono.
import { Hono } from "hono";
import { html } from "hono/html";
import { open } from "wasi:keyvalue/store@0.2.0-draft2";

const app = new Hono();

app.onError((error, c) => c.json({ error: String(error) }, 500));

app.get("/", (c) => {
  const guestbook = open("guestbook");
  const names = guestbook.listKeys(undefined).keys.sort();
  const entries = names.map((name) => html`<li><b>${name}</b> ${new TextDecoder().decode(guestbook.get(name))}</li>`);
  return c.html(html`<!doctype html><title>Guestbook</title><ul>${entries}</ul>`);
});

app.put("/entries/:name", async (c) => {
  open("guestbook").set(c.req.param("name"), new TextEncoder().encode(await c.req.text()));
  return c.json({ kept: c.req.param("name") }, 201);
});

app.get("/entries/:name", (c) => {
  const found = open("guestbook").get(c.req.param("name"));
  return found === undefined ? c.notFound() : c.text(new TextDecoder().decode(found));
});

app.get("/elsewhere", (c) => {
  open("somebody-elses");
  return c.text("it opened");
});

addEventListener("fetch", (event) => event.respondWith(app.fetch(event.request)));
