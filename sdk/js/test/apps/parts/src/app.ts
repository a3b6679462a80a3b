// An app with every part, with data and messages, one function of identity and one base database.
import { App, Collection, type Consumer, type Jobs, type Lifecycle, type Migrations, publish, z } from "@yunlong/sdk";
import * as population from "@yunlong/sdk/base/population";
import * as identity from "@yunlong/sdk/identity";

const NOTES = new Collection("notes", z.object({ id: z.string() }));

export const consumer: Consumer = { handle: (event, tx) => tx.put(NOTES, { id: event.id }) };
export const jobs: Jobs = {
  run: (job, _, tx) => {
    publish(tx, { topic: "note", data: job });
  },
};
export const lifecycle: Lifecycle = { install: (tx) => tx.put(NOTES, { id: "first" }) };
export const migrations: Migrations = { migrate: () => ({ done: 0 }) };

const app = new App();
app.get("/", (c) => c.json([identity.actingFor(), population.me("check")?.age]));

export default app;
