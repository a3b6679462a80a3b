// The calls that docs/sdk.md shows, as they stand there: what a guide shows must compile. Nothing here is run; a test
// of the book finds each of its words in this file.
import {
  App,
  type AppContext,
  Collection,
  type Consumer,
  type Event,
  Failure,
  Form,
  type Jobs,
  Layout,
  type Lifecycle,
  type Migrations,
  Problem,
  Table,
  download,
  notify,
  now,
  operation,
  publish,
  t,
  transact,
  z,
} from "@yunlong/sdk";
import * as base32 from "@yunlong/sdk/base32";
import * as population from "@yunlong/sdk/base/population";
import * as clock from "@yunlong/sdk/clock";
import * as context from "@yunlong/sdk/context";
import * as files from "@yunlong/sdk/files";
import * as http from "@yunlong/sdk/http";
import * as identity from "@yunlong/sdk/identity";
import * as money from "@yunlong/sdk/money";
import * as payments from "@yunlong/sdk/payments";
import * as qr from "@yunlong/sdk/qr";
import * as random from "@yunlong/sdk/random";
import * as shared from "@yunlong/sdk/shared";
import { TestCity } from "@yunlong/sdk/testing";

const schema = z.object({ id: z.string(), time: z.number() });
type Order = z.infer<typeof schema>;
const name = "orders";
const ORDERS = new Collection(name, schema);
const BY_TIME = ORDERS.index("by-time");
const LAYOUT = new Layout(t("门票", "Tickets"));
const f = (c: AppContext) => c.text("an order");

const app = new App();
app.get("/orders/:number", f);
app.operation(operation({ method: "POST", path: "/api/orders", id: "order", summary: "Orders", body: schema, answer: schema }), (_, { body }) => body);
export default app;

export const consumer: Consumer = {
  handle(event: Event) {
    if (event.payment() === undefined) throw Failure.reject("unknown");
  },
};
export const jobs: Jobs = {
  run() {
    throw Failure.retry("later");
  },
};
export const lifecycle: Lifecycle = { install() {} };
export const migrations: Migrations = { migrate: () => ({ done: 0 }) };

export async function asks(c: AppContext) {
  const request = c.var.request;
  const form: Form = await request.form();
  if (form.text("name", 1, 80) === undefined) throw new Problem(422, t("无效", "Invalid"));
  request.requireRole("clerk");
  if (request.subject === "") return c.redirect(identity.stepUpUrl("/"), 303);
  if (identity.actingFor() === undefined && identity.attribute("mobile") === "") return c.redirect(identity.consentUrl(["call-back"], "/"), 303);
  const rows: Order[] = [];
  const columns = [{ heading: request.t("门票", "Tickets"), cell: (o: Order) => o.id }];
  return LAYOUT.page(request, t("门票", "Tickets"), <Table caption="Tickets" columns={columns} rows={rows} />);
}

export function stores(order: Order, cursor: string | undefined) {
  const page = ORDERS.find(BY_TIME.all().descending().after(cursor));
  transact((tx) => {
    tx.insert(ORDERS, order);
    tx.adjust("places", "evening", 1, { min: 0, max: 50 });
    tx.audit("order.make", order.id);
    publish(tx, { topic: "order.made", data: order });
    notify(tx, { recipient: "p-1", title: t("门票", "Tickets"), body: t("已下单", "Ordered") });
    payments.createIntent(tx, { reference: order.id, description: t("门票", "Tickets"), lines: [], expiresAt: now(), returnPath: "/" });
    const held = payments.createEscrow(tx, { reference: order.id, description: t("门票", "Tickets"), amount: 1, expiresAt: now(), returnPath: "/" });
    payments.release(tx, held.id, { reference: "settle", lines: [], reason: "confirmed" });
    payments.refundHeld(tx, held.id, { reference: "return", amount: 1, reason: "returned" });
    void payments.escrow(held.id).held;
    files.attach(tx, "file", order.id);
  });
  return page;
}

export async function looks() {
  const wanted: files.NewTicket = { area: "photos", returnPath: "/" };
  const residents = shared.Dataset.open("population.person", "roster");
  const random8 = random.bytes(8);
  return [
    files.ticket(wanted),
    residents.me(["name"]),
    population,
    context.deriveKey("plates", 32),
    context.config("places", z.number()),
    random8,
    random.code(12),
    money.split(108_000, [97, 3]),
    money.yuan(108_000),
    base32.encode(random8, 12),
    base32.typed("zw00"),
    clock.minute(now()),
    clock.yearsUntil("1966-11-23", "2026-11-23"),
    qr.svg("A1", "A ticket"),
    await http.get("https://api.example.org/prices"),
    await http.postJson("https://api.example.org/orders", {}),
    await http.send("https://api.example.org/"),
    files.serve("file"),
    download("a,b", "orders.csv", "text/csv"),
  ];
}

export async function tries(city: TestCity) {
  city.signIn("p-1");
  city.signInOfficial("o-1", "clerk");
  city.consent("p-1", "call-back");
  city.putRecord("population.person", "K1", {}, "p-1");
  city.grant("population.person", "roster");
  city.conflictNext(1);
  city.advance(60_000);
  await city.get(app, "/");
  await city.post(app, "/");
  await city.postJson(app, "/api/orders", {});
  await city.send(app, "/", { headers: { accept: "text/html" } });
  city.deliver(consumer);
  city.runJob(jobs, "end");
  city.pay("intent");
  city.answer("https://api.example.org/", new Response("{}"));
  return [city.sent, city.published, city.inbox("p-1"), city.audit, city.sharedReads];
}
