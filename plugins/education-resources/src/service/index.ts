/**
 * What the app does, for pages and API alike: read, decide in the domain, stage, commit.
 *
 * Every function takes the asker (`c.var.request.principal`) first where somebody must be allowed to do it, and throws
 * {@link Refusal} (which a handler need not catch: its `outcome` is the Problem; a form's page catches it and shows `why.fields`)
 * or `SignIn`. Functions without an asker are open to everybody. Lists answer `{ items, next }`; give `next` back as `after`.
 *
 * | module | functions |
 * |---|---|
 * | `schools` | open: `listSchools` `schoolById` `schoolName` `linkOf` `access` (rate, missing, counties) `deliveryOf` (what its line carries); bureau: `addSchool` `editSchool` `endSchool` `probeKey` `renewProbeKey`; school: `applyForLink` `probesOf`; the probe itself: `takeProbe` (signed; see `signProbe`) |
 * | `curriculum` | open: `nodesBelow` `nodeById` `nodePath` `nodeToday`; bureau: `addNode` `changeEdition` |
 * | `resources` | teacher: `createResource` `saveResource` `submitResource` `reviseResource` `myResources` `allMyResources`; reviewers: `waitingForReview` `reviewResource`; county, bureau: `publishResource` `withdrawResource`; all of these: `workResource` |
 * | `catalogue` | open: `catalogue` (search) `catalogueAt` (a node) `shownResource` `fileOf` (which file, preview, Cache-Control) `captionsOf` `soundOf` `withdrawals` (for offline copies) |
 * | `packs` | open: `packOf` `packVolume` (a file's id); signed in: `askForPack` |
 * | `posts` | bureau, school: `invite` `postsAt` `endPost`; staff: `takeUpPost` (by code) `myPosts` |
 * | `students` | school: `addClass` `giveClass` `classesOf` `allClassesOf` `moveStudent`; teacher: `myClasses` `seatCodes` `studentsOf`; guardian: `consentForChild` `myChildren` `accountCode` `withdrawConsent`; student: `ownBirth` `takeOwnSeat` `bindAccount` `meAsStudent` `eraseStudent` |
 * | `spaces` | teacher: `mySpace` `shelveResource` `unshelveResource` `writeNote`; class: `classSpace` |
 * | `assignments` | teacher: `saveAssignment` `handOutAssignment` `closeAssignment` `submissionsOf` `markSubmission` `giveBackSubmission`; class: `assignmentsOf` `assignmentById`; student, guardian: `handInAssignment` `mySubmission` `answerFile` |
 * | `uses` | student: `recordUses`; teacher, for a class without a network: `recordClassUses` |
 * | `figures` | open: `equityOf` `equityTrend`; bureau: `recount` |
 * | `sample` | bureau: `askForSample`; open: `sampleProgress` |
 *
 * Upload forms: `files.ticket({ area: "resources" | "answers", returnPath, accept: TAKEN })`; the ids that arrive go into
 * `DraftInput.file`, `DraftInput.renditions`, `DraftInput.captions` and `HandInInput.files`. Answer files with
 * `files.serve(id, "inline")` and the `cacheControl` that `fileOf` gave. The platform's policy lets pages show what their own app
 * serves: pictures, sound and films, and a PDF in a frame.
 */
export * from "./schools.ts";
export * from "./curriculum.ts";
export * from "./resources.ts";
export * from "./catalogue.ts";
export * from "./packs.ts";
export * from "./posts.ts";
export * from "./students.ts";
export * from "./spaces.ts";
export * from "./assignments.ts";
export * from "./uses.ts";
export * from "./figures.ts";
export { askForSample, sampleProgress } from "./sample.ts";
export type { Asker } from "./ask.ts";
export { Refusal } from "./refusal.ts";
export { STATE_TEXTS, STEP_TEXTS } from "./texts.ts";
