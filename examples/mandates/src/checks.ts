/** Checks: one a holder and year, made by the holder or by somebody with their mandate. */
import { Collection, DataError, MessagingError, Problem, type Tx, notify, now, t, transact, z } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import * as identity from "@yunlong/sdk/identity";
import * as random from "@yunlong/sdk/random";

// ANCHOR: check
const Check = z.object({
  id: z.string(),
  /** Whose card it is: the subject that the holder has when they come themself. */
  holder: z.string(),
  /** Absent once the holder had it erased; so is `time`. */
  year: z.number().optional(),
  /** When it was made, ms since 1970. */
  time: z.number().optional(),
  /** Who made it for the holder, when and by which mandate; absent when they came themself. */
  delegate: z.object({ subject: z.string(), at: z.number().optional(), mandate: z.string().optional() }).optional(),
});

/** A check as it is stored. */
export type Check = z.infer<typeof Check>;

const CHECKS = new Collection("checks", Check);
const BY_HOLDER = CHECKS.index("by-holder");
const BY_TIME = CHECKS.index("by-time");
// ANCHOR_END: check

/** Whose card is looked after in this call, and by whom. */
export interface Matter {
  readonly holder: string;
  /** Absent when the holder came themself. */
  readonly delegate?: { readonly subject: string; readonly mandate: string };
}

/**
 * The matter of whoever is signed in as `subject`. The mandate is looked up by the host at this call:
 * one that was revoked a moment ago is none.
 *
 * @throws {Problem} 403 for who acts for a company: it holds no card.
 */
// ANCHOR: matter
export function matterOf(subject: string): Matter {
  const acting = identity.actingFor();
  if (acting === undefined) return { holder: subject };
  if (acting.grantor.kind === "company") {
    throw Problem.forbidden(t("爱心卡只发给个人", "The care card is a person's"))
      .kind("not-for-companies")
      .detail(t("请到门户更改代办对象，或本人办理。", "Change at the portal whom you act for, or come for yourself."));
  }
  return { holder: acting.subject, delegate: { subject, mandate: acting.mandate } };
}
// ANCHOR_END: matter

/** This year, as the calendar in China has it. */
export function thisYear(): number {
  return Number(clock.date(now()).slice(0, 4));
}

/** A holder's checks, the latest first. */
export function ofHolder(holder: string): Check[] {
  return CHECKS.find(BY_HOLDER.equals(holder).descending().limit(50)).items.map((c) => c.value);
}

/** How many checks were made this year, up to 500: for the clerk, without whose they are. */
export function madeThisYear(): number {
  const start = clock.startOf(`${thisYear()}-01-01`) ?? 0;
  return CHECKS.find(BY_TIME.all().atLeast(start).limit(500)).items.length;
}

/**
 * Makes this year's check. Who acts and for whom are both on record; the holder is told what somebody
 * did for them.
 *
 * @param shown the mandate under which the page was made, empty for the holder's own: what a person
 * confirms is what they saw, also when the mandate has ended meanwhile or they chose another.
 * @throws {Problem} 409 when it was made already, or when `shown` is not what holds now.
 */
// ANCHOR: make
export function make({ holder, delegate }: Matter, shown: string): Check {
  if (shown !== (delegate?.mandate ?? "")) {
    throw Problem.conflict(t("代办对象已经变更", "Whom you act for has changed"))
      .kind("matter-changed")
      .detail(t("没有办理任何事项。请回到首页核对后再办。", "Nothing was done. Go back to the start, look whose card it is, and do it again."));
  }
  const year = thisYear();
  const time = now();
  const check: Check = { id: random.code(16), holder, year, time, delegate: delegate && { ...delegate, at: time } };
  try {
    transact((tx) => {
      tx.insert(CHECKS, check);
      tx.audit("check.make", check.id, delegate === undefined ? {} : { mandate: delegate.mandate });
      if (delegate !== undefined) tell(tx, holder, year);
    });
  } catch (e) {
    if (e instanceof DataError && e.code === "unique-violation") {
      throw Problem.conflict(t("本年度已经年审", "The check of this year is made already")).kind("made-already");
    }
    throw e;
  }
  return check;
}
// ANCHOR_END: make

// ANCHOR: tell
/** Tells the holder what was done for them, with the commit. */
function tell(tx: Tx, holder: string, year: number): void {
  try {
    notify(tx, {
      recipient: holder,
      title: t("您的爱心卡已由他人代办年审", "Somebody made the yearly check of your card"),
      body: t(
        `${year} 年度年审已由您的受托人办理。如非您本意，请到门户撤销委托。`,
        `Your delegate made the check of ${year}. If you did not want that, revoke the mandate at the portal.`,
      ),
      path: "/",
    });
  } catch (e) {
    // A holder who was never here has no inbox of this installation's: the portal's own log tells them.
    if (!(e instanceof MessagingError && e.code === "unknown-recipient")) throw e;
  }
}
// ANCHOR_END: tell
