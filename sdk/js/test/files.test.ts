// Files on the city in memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { transact } from "../src/data/transact.ts";
import { FileError } from "../src/file-error.ts";
import * as files from "../src/files.ts";
import { TestCity } from "../src/testing/index.ts";
import { SignIn } from "../src/web/outcome.ts";

const APP = `
name = "potholes"
version = "1.0.0"
[[files]]
name = "photos"
accept = ["image/*"]
max_mib = 1
`;

const bytes = new TextEncoder().encode("...");
const code = (wanted: string) => (e: unknown) => e instanceof FileError && e.code === wanted;

test("a ticket is for a person, and never wider than its area", () => {
  const city = new TestCity(APP);
  const wanted = { area: "photos", returnPath: "/reports" };
  assert.throws(() => files.ticket(wanted), (e: unknown) => e instanceof FileError && e.outcome instanceof SignIn);
  city.signIn("p-1");
  const ticket = files.ticket({ ...wanted, maxFiles: 3, maxBytes: 2 ** 40 });
  assert.equal(ticket.maxBytes, 2 ** 20);
  assert.equal(ticket.accept, "image/*");
  assert.match(ticket.action, /^\/_city\/files\//);
  assert.throws(() => files.ticket({ ...wanted, area: "videos" }), code("undeclared"));
  assert.throws(() => files.ticket({ ...wanted, accept: ["text/html"] }), code("invalid"));
});

test("a file stays once it is attached, and goes without", () => {
  const city = new TestCity(APP);
  city.signIn("p-1");
  const kept = city.upload("photos", "坑洼.jpg", "image/jpeg", bytes);
  const loose = city.upload("photos", "b.jpg", "image/jpeg", bytes);
  transact((tx) => files.attach(tx, kept, "reports/1"));
  assert.throws(() => transact((tx) => files.attach(tx, kept, "reports/2")), code("attached"));
  city.now += 24 * 3_600_000;
  assert.throws(() => files.stat(loose), code("not-found"));
  const [file] = files.attached("reports/1");
  assert.deepEqual([file?.name, file?.size, file?.expires], ["坑洼.jpg", 3, undefined]);
  assert.equal(files.read(kept, 1, 10).length, 2);
  assert.equal(files.serve(kept, "inline").headers.get("city-file"), `${kept}; inline`);
  transact((tx) => files.deleteFile(tx, kept));
  assert.deepEqual(files.attached("reports/1"), []);
});

test("nobody attaches what another person uploaded, and an area takes its types and sizes", () => {
  const city = new TestCity(APP);
  city.signIn("p-1");
  const theirs = city.upload("photos", "a.jpg", "image/jpeg", bytes);
  city.signIn("p-2");
  assert.throws(() => transact((tx) => files.attach(tx, theirs, "reports/1")), code("not-yours"));
  assert.throws(() => city.upload("photos", "a.svg", "image/svg+xml", bytes));
  assert.throws(() => city.upload("photos", "a.png", "image/png", new Uint8Array(2 ** 20 + 1)));
  assert.throws(() => files.write("photos", "list.csv", bytes), code("wrong-type"));
  assert.equal(files.write("photos", "map.png", bytes).uploader, undefined);
});
