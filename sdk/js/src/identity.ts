/** Who asks, and what they let this app know about themselves. */
import * as attributes from "city:identity/attributes@1.1.0";
import * as principal from "city:identity/principal@1.1.0";
import * as representation from "city:identity/representation@1.1.0";
import { call } from "./contract.ts";
import { MissingConsent, SignIn } from "./web/outcome.ts";
import { Problem } from "./web/problem.ts";
import { type Lang, t } from "./text.ts";

/** What kind of principal asks. Consumers, jobs and lifecycle calls run as `service`. */
export type Kind = principal.Kind;

/** How sure the platform is of the principal's identity. */
export type Assurance = principal.Assurance;

/** An attribute that the platform can release. Ask for `birth-date` rather than for the whole `resident-id`. */
export type Attribute = attributes.Attribute;

/** Who makes the call that this instance serves. */
export interface Principal {
  /** Stable and opaque, never the same in two installations; absent for an anonymous visitor. */
  readonly subject?: string;
  readonly kind: Kind;
  readonly assurance: Assurance;
  /** The roles of `app.toml` that the department assigned. */
  readonly roles: readonly string[];
  /** For an official: the code of the organization in whose office they act. */
  readonly organization?: string;
}

/** How the person wants pages to be. */
export interface Presentation {
  readonly lang: Lang;
  /** Larger type and targets, fewer choices. */
  readonly elder: boolean;
}

/** Who gave a mandate. Of a person nothing but the subject is told to whoever acts for them. */
export type Grantor = { readonly kind: "person" } | { readonly kind: "company"; readonly code: string; readonly name: string };

/** The one for whom a principal acts. */
export interface ActingFor {
  /** The grantor's opaque id here; for a person the subject that they have when they come themself. */
  readonly subject: string;
  readonly grantor: Grantor;
  /** The mandate's id, for the app's own record. */
  readonly mandate: string;
}

/** Why an attribute is not released: the case of the contract, and its words. */
export class AttributeError extends Error {
  override readonly name = "AttributeError";
  constructor(
    readonly code: attributes.Error["tag"],
    /** The scope that is missing, or the reason in words. */
    readonly detail: string,
  ) {
    super(detail === "" ? code : `${code}: ${detail}`);
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Error {
    switch (this.code) {
      case "not-signed-in":
        return new SignIn();
      case "consent-required":
        return new MissingConsent(this.detail, attributes.consentUrl);
      case "absent":
        return Problem.conflict(t("您的档案中没有这项信息", "Your record does not hold this")).kind("attribute-absent");
      default:
        return Problem.internal(this.message);
    }
  }
}

/** The principal of the current call. Cheap: the host has it at hand. */
export function current(): Principal {
  return principal.current();
}

/** Whether the department assigned this role. */
export function hasRole(who: Principal, role: string): boolean {
  return who.roles.includes(role);
}

/**
 * For whom the current principal acts, under a mandate of the portal; `undefined` when for themself,
 * and where the mandate does not cover this installation. {@link current} still tells who acts:
 * record both.
 */
export function actingFor(): ActingFor | undefined {
  const grantor = representation.actingFor();
  if (grantor === undefined) return undefined;
  const { subject, mandate } = grantor;
  if (grantor.kind === "person") return { subject, mandate, grantor: { kind: "person" } };
  return { subject, mandate, grantor: { kind: "company", code: grantor.code ?? "", name: grantor.name ?? "" } };
}

/** How the current person wants pages to be. */
export function presentation(): Presentation {
  const { language, elderMode } = principal.preferred();
  return { lang: language.split("-")[0]?.toLowerCase() === "en" ? "en" : "zh", elder: elderMode };
}

/**
 * An attribute of the current person. In a handler nothing need be caught: a visitor who is not
 * signed in is sent to sign in, one who has not consented to the consent page, and both come back.
 *
 * @throws {AttributeError}; in a consumer, job or lifecycle call always `not-signed-in`.
 */
export function attribute(name: Attribute): string {
  return call(
    () => attributes.get(name),
    (e: attributes.Error) => new AttributeError(e.tag, "val" in e ? e.val : ""),
  );
}

/** The address of the sign-in page that leads back to `returnPath`, a path of this app. */
export function signInUrl(returnPath: string): string {
  return principal.signInUrl(returnPath);
}

/**
 * The address of the page that asks for the second factor and leads back to `returnPath`: before
 * something that needs more than a password. Check the assurance again when they are back.
 */
export function stepUpUrl(returnPath: string): string {
  return principal.stepUpUrl(returnPath);
}

/** The address of the page that asks for consent to `scopes` and leads back, whatever they decide. */
export function consentUrl(scopes: string[], returnPath: string): string {
  return attributes.consentUrl(scopes, returnPath);
}
