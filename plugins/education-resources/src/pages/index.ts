/**
 * The pages: which address is answered by what. They work without a script; what a person typed is never lost.
 *
 * Architecture invariant: no rule of the domain and no collection stands in a page. Whether somebody may see or do something is
 * decided by the service that the page calls, and not by what links the page shows.
 */
import type { App } from "@yunlong/sdk";
import * as answers from "./answers.tsx";
import * as assignments from "./assignments.tsx";
import * as classes from "./classes.tsx";
import * as curriculum from "./curriculum.tsx";
import * as draft from "./draft.tsx";
import * as family from "./family.tsx";
import * as figuresFile from "./figures-file.ts";
import * as figures from "./figures.tsx";
import * as handIn from "./hand-in.tsx";
import * as help from "./help.tsx";
import * as library from "./library.tsx";
import * as mine from "./mine.tsx";
import * as posts from "./posts.tsx";
import * as resource from "./resource.tsx";
import * as reviews from "./reviews.tsx";
import * as sample from "./sample.tsx";
import * as schoolForms from "./school-forms.tsx";
import * as schools from "./schools.tsx";
import * as spaces from "./spaces.tsx";

/** Adds the pages. */
export function routes(app: App): void {
  app.get("/", library.list);
  app.get("/library/file", library.file);
  app.get("/resources/:id", resource.show);
  app.get("/resources/:id/file", resource.file);
  app.get("/resources/:id/captions/:language", resource.captions);
  app.post("/resources/:id/shelf", resource.shelve);
  app.get("/curriculum", curriculum.root);
  app.post("/curriculum", curriculum.add);
  app.get("/curriculum/:node", curriculum.node);
  app.post("/curriculum/:node", curriculum.add);
  app.post("/curriculum/:node/change", curriculum.change);
  app.get("/packs/:unit", curriculum.pack);
  app.post("/packs/:unit", curriculum.makePack);
  app.get("/packs/:unit/:volume", curriculum.volume);
  app.get("/help", help.show);
  works(app);
  teaching(app);
  people(app);
  bureau(app);
}

function works(app: App): void {
  app.get("/mine", mine.list);
  app.get("/mine/file", mine.listFile);
  app.get("/mine/new", draft.create);
  app.post("/mine/new", draft.submitNew);
  app.get("/works/:id", mine.show);
  app.get("/works/:id/file", mine.file);
  app.get("/works/:id/captions/:language", mine.captions);
  app.get("/works/:id/edit", draft.edit);
  app.post("/works/:id/edit", draft.save);
  app.post("/works/:id/submit", mine.submit);
  app.post("/works/:id/review", mine.review);
  app.post("/works/:id/publish", mine.publish);
  app.post("/works/:id/withdraw", mine.withdraw);
  app.post("/works/:id/revise", mine.revise);
  app.get("/reviews", reviews.desk);
  app.get("/reviews/file", reviews.file);
}

function teaching(app: App): void {
  app.get("/space", spaces.mine);
  app.post("/space/notes", spaces.note);
  app.post("/space/unshelve", spaces.unshelve);
  app.get("/classes", classes.list);
  app.get("/classes/file", classes.taughtFile);
  app.get("/classes/:id", classes.show);
  app.post("/classes/:id/notes", classes.note);
  app.post("/classes/:id/unshelve", classes.unshelve);
  app.get("/classes/:id/students", classes.students);
  app.post("/classes/:id/codes", classes.codes);
  app.post("/classes/:id/move", classes.move);
  app.post("/classes/:id/teacher", classes.give);
  app.get("/classes/:id/assignments/new", assignments.create);
  app.post("/classes/:id/assignments/new", assignments.submitNew);
  app.get("/assignments/:id", assignments.show);
  app.get("/assignments/:id/edit", assignments.edit);
  app.post("/assignments/:id/edit", assignments.submitEdit);
  app.post("/assignments/:id/hand-out", assignments.handOut);
  app.post("/assignments/:id/close", assignments.close);
  app.get("/assignments/:id/hand-in", assignments.show);
  app.post("/assignments/:id/hand-in", handIn.handIn);
  app.post("/assignments/:id/marks", answers.mark);
  app.get("/assignments/:id/marks/file", answers.file);
  app.get("/assignments/:id/answers/:student/:file", assignments.file);
}

function people(app: App): void {
  app.get("/family", family.show);
  app.get("/family/consent", family.consent);
  app.post("/family/consent", family.submitConsent);
  app.get("/family/seat", family.seat);
  app.post("/family/seat", family.submitSeat);
  app.get("/family/account", family.account);
  app.post("/family/account", family.submitAccount);
  app.post("/children/:id/account", family.codeForAccount);
  app.get("/children/:id/withdraw", family.askWithdraw);
  app.post("/children/:id/withdraw", family.withdraw);
  app.get("/students/:id/erase", family.askErase);
  app.post("/students/:id/erase", family.erase);
  app.get("/posts", posts.mine);
  app.post("/posts", posts.takeUp);
  app.get("/posts/at/:place", posts.atPlace);
  app.post("/posts/at/:place", posts.inviteAt);
  app.get("/posts/at/:place/file", posts.file);
  app.post("/posts/:id/end", posts.end);
}

function bureau(app: App): void {
  app.get("/schools", schools.list);
  app.get("/schools/new", schoolForms.create);
  app.post("/schools/new", schoolForms.submitNew);
  app.get("/schools/file", schools.file);
  app.get("/schools/:id", schools.show);
  app.get("/schools/:id/edit", schoolForms.edit);
  app.post("/schools/:id/edit", schoolForms.submitEdit);
  app.get("/schools/:id/end", schoolForms.askEnd);
  app.post("/schools/:id/end", schoolForms.end);
  app.post("/schools/:id/apply", schoolForms.apply);
  app.get("/schools/:id/probes", schoolForms.probes);
  app.post("/schools/:id/key", schoolForms.key);
  app.post("/schools/:id/key/renew", schoolForms.renewKey);
  app.get("/schools/:id/classes", classes.atSchool);
  app.get("/schools/:id/classes/file", classes.schoolFile);
  app.post("/schools/:id/classes", classes.add);
  app.get("/figures", figures.show);
  app.get("/figures/file", figuresFile.file);
  app.post("/figures/recount", figures.countAgain);
  app.get("/sample", sample.show);
  app.post("/sample", sample.load);
}
