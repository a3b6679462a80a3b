// An app with every part, and with data and messages.
import { App, Collection, type Consumer, type Jobs, type Lifecycle, type Migrations, publish, z } from "@yunlong/sdk";

const NOTES = new Collection("notes", z.object({ id: z.string() }));

export const consumer: Consumer = { handle: (event, tx) => tx.put(NOTES, { id: event.id }) };
export const jobs: Jobs = {
  run: (job, _, tx) => {
    publish(tx, { topic: "note", data: job });
  },
};
export const lifecycle: Lifecycle = { install: (tx) => tx.put(NOTES, { id: "first" }) };
export const migrations: Migrations = { migrate: () => ({ done: 0 }) };

export default new App();
