/**
 * The same functions as JSON; `/openapi.json` is made of the operations' schemas.
 *
 * Architecture invariant: an operation converts and calls a service. What is refused, and with what, is decided there.
 */
import type { App } from "@yunlong/sdk";
import * as library from "./library.ts";
import * as people from "./people.ts";
import * as schools from "./schools.ts";
import * as teaching from "./teaching.ts";
import * as works from "./works.ts";

/** Adds the operations. */
export function operations(app: App): void {
  app.operation(library.searchResources, library.search);
  app.operation(library.getResource, library.get);
  app.operation(library.getDelivery, library.delivery);
  app.operation(library.listWithdrawals, library.withdrawn);
  app.operation(library.listNodes, library.nodes);
  app.operation(library.createNode, library.add);
  app.operation(library.getNode, library.node);
  app.operation(library.replaceEdition, library.change);
  app.operation(library.getPack, library.pack);
  app.operation(library.requestPack, library.ask);
  ofWorks(app);
  ofSchools(app);
  ofPeople(app);
  ofTeaching(app);
}

function ofWorks(app: App): void {
  app.operation(works.listWorks, works.list);
  app.operation(works.createWork, works.create);
  app.operation(works.getWork, works.get);
  app.operation(works.saveWork, works.save);
  app.operation(works.submitWork, works.submit);
  app.operation(works.reviewWork, works.review);
  app.operation(works.publishWork, works.publish);
  app.operation(works.withdrawWork, works.withdraw);
  app.operation(works.reviseWork, works.revise);
  app.operation(works.listWaiting, works.waiting);
}

function ofSchools(app: App): void {
  app.operation(schools.listOfSchools, schools.list);
  app.operation(schools.createSchool, schools.create);
  app.operation(schools.getSchool, schools.get);
  app.operation(schools.saveSchool, schools.save);
  app.operation(schools.closeSchool, schools.end);
  app.operation(schools.applyForSchool, schools.apply);
  app.operation(schools.listProbes, schools.probes);
  app.operation(schools.sendProbe, schools.probe);
  app.operation(schools.getAccess, schools.accessRate);
  app.operation(schools.getEquity, schools.equity);
  app.operation(schools.getTrend, schools.trend);
}

function ofPeople(app: App): void {
  app.operation(people.listPosts, people.posts);
  app.operation(people.acceptPost, people.takeUp);
  app.operation(people.leavePost, people.leave);
  app.operation(people.listPostsAt, people.at);
  app.operation(people.createInvitation, people.createCode);
  app.operation(people.listClasses, people.classes);
  app.operation(people.listSchoolClasses, people.classesAt);
  app.operation(people.createClass, people.create);
  app.operation(people.setTeacher, people.give);
  app.operation(people.createSeatCodes, people.codes);
  app.operation(people.listStudents, people.students);
  app.operation(people.admitStudent, people.move);
  app.operation(people.getMe, people.me);
  app.operation(people.giveConsent, people.consent);
  app.operation(people.takeConsentBack, people.withdraw);
  app.operation(people.createAccountCode, people.account);
  app.operation(people.bindMyAccount, people.bind);
  app.operation(people.takeSeat, people.seat);
  app.operation(people.deleteStudent, people.erase);
}

function ofTeaching(app: App): void {
  app.operation(teaching.getMySpace, teaching.mine);
  app.operation(teaching.addToShelf, teaching.shelve);
  app.operation(teaching.removeFromShelf, teaching.unshelve);
  app.operation(teaching.getClassSpace, teaching.ofClass);
  app.operation(teaching.addToClassShelf, teaching.shelveForClass);
  app.operation(teaching.addClassNote, teaching.note);
  app.operation(teaching.listAssignments, teaching.list);
  app.operation(teaching.putAssignment, teaching.save);
  app.operation(teaching.getAssignment, teaching.get);
  app.operation(teaching.publishAssignment, teaching.handOut);
  app.operation(teaching.endAssignment, teaching.close);
  app.operation(teaching.listSubmissions, teaching.submissions);
  app.operation(teaching.getSubmission, teaching.submissionOf);
  app.operation(teaching.putSubmission, teaching.handIn);
  app.operation(teaching.putMark, teaching.mark);
  app.operation(teaching.returnSubmission, teaching.giveBack);
  app.operation(teaching.sendUses, teaching.uses);
  app.operation(teaching.sendClassUses, teaching.classUses);
}
