/** What the platform calls: events, jobs, installation. */
import { type Consumer, Failure, type Jobs, type Lifecycle, publish, z } from "@yunlong/sdk";
import * as context from "@yunlong/sdk/context";
import { SCHOOLS } from "../store/index.ts";
import { askForFigures, writeFigures } from "./figures.ts";
import { buildVolume } from "./packs.ts";
import { beginSample, loadSampleStep } from "./sample.ts";
import { sweepLinks } from "./schools.ts";
import { eraseSubmissions, handOver } from "./students.ts";
import { beginSweeps, sweep } from "./sweep.ts";

const Sweep = z.object({ after: z.string().optional() });

/** Events: all of them the app's own. */
export const consumer: Consumer = {
  handle(event, tx) {
    switch (event.topic) {
      case "links.sweep":
        return sweepLinks(tx, event.json(Sweep).after);
      case "old.sweep":
        return sweep(event, tx);
      case "figures.write":
        return writeFigures(event, tx);
      case "pack.build":
        return buildVolume(event, tx);
      case "student.bound":
        return handOver(event, tx);
      case "student.erased":
        return eraseSubmissions(event, tx);
      case "sample.load":
        return loadSampleStep(event, tx);
      default:
        throw Failure.reject(`no topic of this app: ${event.topic}`);
    }
  },
};

/** Jobs. */
export const jobs: Jobs = {
  run(job, _scheduled, tx) {
    switch (job) {
      case "nightly":
        beginSweeps(tx);
        publish(tx, { topic: "links.sweep", key: "links", data: {} });
        return;
      case "figures":
        return askForFigures(tx);
      default:
        throw Failure.reject(`no job of this app: ${job}`);
    }
  },
};

/** Installation: the sample, where it is wanted. */
export const lifecycle: Lifecycle = {
  install(tx) {
    if (context.config("sample", z.string()) === "xuzhou") beginSample(tx);
  },
  health() {
    SCHOOLS.find(SCHOOLS.byId().limit(1));
  },
};
