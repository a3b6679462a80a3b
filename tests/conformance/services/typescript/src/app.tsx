/** The app of the second conformance set. The same stands in `../rust` and `../python`, in the same order. */
import {
  App,
  Collection,
  type Consumer,
  DataError,
  type CityRequest,
  Failure,
  type Jobs,
  PaymentError,
  type PaymentOutcome,
  Problem,
  type Tx,
  counter,
  notify,
  now,
  publish,
  t,
  transact,
  z,
} from "@yunlong/sdk";
import * as context from "@yunlong/sdk/context";
import * as files from "@yunlong/sdk/files";
import * as http from "@yunlong/sdk/http";
import * as payments from "@yunlong/sdk/payments";
import * as random from "@yunlong/sdk/random";
import * as shared from "@yunlong/sdk/shared";

const PAYEE = "11320300MB000YL15P";
const QUARTER = 15 * 60_000;
const DAY = 24 * 60 * 60_000;

const Order = z.object({
  number: z.string(),
  owner: z.string(),
  state: z.enum(["held", "paid", "returning", "ended"]),
  intent: z.string(),
  fee: z.number(),
  time: z.number(),
});
type Order = z.infer<typeof Order>;
const Made = z.object({ number: z.string() });

const ORDERS = new Collection("orders", Order, (order) => order.number);
const BY_STATE = ORDERS.index("by-state");

const app = new App({ title: t("一致性：各项服务", "Conformance: the services"), description: "" });

function setting(key: string): number {
  return context.config(key, z.number()) ?? 0;
}

app.post("/api/orders", (c) => {
  const owner = c.var.request.subject;
  const number = random.code(12);
  const time = now();
  const fee = setting("fee");
  const most = setting("places");
  try {
    const order = transact((tx): Order => {
      tx.adjust("places", "all", 1, { min: 0, max: most });
      const intent = payments.createIntent(tx, {
        reference: number,
        description: t("预订", "An order"),
        lines: [{ payee: PAYEE, amount: fee, description: "预订" }],
        expiresAt: time + QUARTER,
        returnPath: "/",
      });
      const order: Order = { number, owner, state: "held", intent: intent.id, fee, time };
      tx.insert(ORDERS, order);
      publish(tx, { topic: "order.made", data: { number }, key: number });
      publish(tx, { topic: "order.over", data: { number }, key: number, notBefore: time + QUARTER });
      tx.audit("order.make", number);
      return order;
    });
    return c.json({ number: order.number, intent: order.intent }, 201);
  } catch (e) {
    if (e instanceof DataError && e.code === "out-of-bounds") {
      throw Problem.conflict(t("名额已满", "No place is left")).kind("sold-out");
    }
    throw e;
  }
});

/** An order of whoever asks; somebody else's is answered like none at all. */
function own(request: CityRequest, number: string): Order {
  const owner = request.subject;
  const found = ORDERS.get(number);
  if (found?.value.owner !== owner) throw Problem.notFound();
  return found.value;
}

const to = (number: string) => `orders/${number}`;

app.get("/api/orders/:number", (c) => {
  const order = own(c.var.request, c.req.param("number"));
  const { amount, captured, refunded } = payments.intent(order.intent);
  const names = files.attached(to(order.number)).map((f) => f.name);
  return c.json({ state: order.state, amount, captured, refunded, files: names });
});

app.post("/api/orders/:number/return", (c) => {
  const order = own(c.var.request, c.req.param("number"));
  if (order.state !== "paid") {
    throw Problem.conflict(t("现在不能退", "It cannot be given back now")).kind("wrong-state");
  }
  transact((tx) => {
    payments.refund(tx, order.intent, {
      reference: `${order.number}-returned`,
      lines: [{ payee: PAYEE, amount: order.fee, description: "退款" }],
      reason: "退订",
    });
    tx.put(ORDERS, { ...order, state: "returning" });
  });
  return c.json({ state: "returning" }, 202);
});

app.post("/api/orders/:number/receipt", (c) => {
  const order = own(c.var.request, c.req.param("number"));
  // What is never attached is forgotten by the host: a file that was written before a fault does no harm.
  const file = files.write("receipts", "收据.txt", new TextEncoder().encode(`receipt ${order.number}\n`));
  transact((tx) => {
    files.attach(tx, file.id, to(order.number));
  });
  return c.json({ type: file.mediaType, size: file.size }, 201);
});

function receipt(request: CityRequest, number: string): string {
  const order = own(request, number);
  const [file] = files.attached(to(order.number));
  if (file === undefined) throw Problem.notFound();
  return file.id;
}

/** A part of it: what a program reads is a range. */
app.get("/api/orders/:number/receipt", (c) => {
  const part = files.read(receipt(c.var.request, c.req.param("number")), 0, 7);
  return c.text(new TextDecoder().decode(part));
});

app.get("/api/orders/:number/receipt/file", (c) => files.serve(receipt(c.var.request, c.req.param("number"))));

app.get("/api/places", (c) =>
  c.json({ taken: counter("places", "all"), told: counter("told", "all"), of: setting("places"), fee: setting("fee") }),
);

app.get("/api/key", (c) => {
  const hex = (purpose: string) =>
    [...context.deriveKey(purpose, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return c.json({ key: hex("one"), same: hex("one") === hex("one"), apart: hex("one") !== hex("other") });
});

/** Nobody declared that host. */
app.get("/api/elsewhere", async (c) => c.text((await http.get("http://elsewhere.test/")).text));

/** Nobody granted that use. */
app.get("/api/entry", (c) => {
  void c.var.request.subject;
  const found = shared.Dataset.open("population.person", "own-entry").me(["name"]);
  return c.json({ found: found !== undefined });
});

function settled(payment: PaymentOutcome, tx: Tx): void {
  const order = tx.get(ORDERS, payment.reference)?.value;
  if (order === undefined) throw Failure.reject(`there is no order ${payment.reference}`);
  const { outcome } = payment;
  if (outcome === "captured" && order.state === "held") {
    tx.put(ORDERS, { ...order, state: "paid" });
    notify(tx, {
      recipient: order.owner,
      title: t("已付款", "Paid"),
      body: t("预订成功。", "The order stands."),
      path: `/api/orders/${order.number}`,
    });
  } else if ((outcome === "cancelled" && order.state === "held") || (outcome === "refunded" && order.state === "returning")) {
    tx.adjust("places", "all", -1, { min: 0 });
    tx.put(ORDERS, { ...order, state: "ended" });
  } else if (outcome === "refund-failed" && order.state === "returning") {
    tx.put(ORDERS, { ...order, state: "paid" });
  }
}

/** Gives up the payment that nobody made; its outcome, an event, ends the order. */
function over(order: Order, tx: Tx): void {
  if (order.state !== "held") return;
  try {
    payments.cancelIntent(tx, order.intent);
  } catch (e) {
    // Somebody is paying at this moment: what becomes of it comes as an event.
    if (!(e instanceof PaymentError && e.code === "wrong-status")) throw e;
  }
}

export const consumer: Consumer = {
  handle(event, tx) {
    const payment = event.payment();
    if (payment !== undefined) {
      settled(payment, tx);
      return;
    }
    const { number } = event.json(Made);
    const order = tx.get(ORDERS, number)?.value;
    if (event.topic === "order.over") {
      // Unless it was forgotten meanwhile.
      if (order !== undefined) over(order, tx);
      return;
    }
    if (order === undefined) throw Failure.reject(`there is no order ${number}`);
    tx.adjust("told", "all", 1, { min: 0 });
  },
};

export const jobs: Jobs = {
  run(_job, scheduled, tx) {
    for (const order of tx.find(BY_STATE.equals("ended").atMost(scheduled - DAY).limit(100)).items) {
      tx.delete(ORDERS, order.id);
    }
    tx.adjust("swept", "all", 1, { min: 0 });
  },
};

export default app;
