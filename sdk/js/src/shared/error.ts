/** Why a call on shared data is denied or failed. */
import type * as host from "city:data/shared@1.1.0";
import { same, t } from "../text.ts";
import { MissingConsent, SignIn } from "../web/outcome.ts";
import { Problem } from "../web/problem.ts";

/** The cases of the contract. */
export type SharedErrorCode = host.Error["tag"];

const ABOUT_THE_GRANT: readonly SharedErrorCode[] = [
  "unknown-dataset",
  "not-granted",
  "expired",
  "revoked",
  "other-purpose",
  "fields-not-granted",
  "access-not-granted",
  "not-shared",
];

/**
 * Why a call on shared data is denied or failed. What a person can do something about is told to
 * them; what the department has to settle with the provider goes to the installation's log as well.
 */
export class SharedError extends Error {
  override readonly name = "SharedError";
  constructor(
    readonly code: SharedErrorCode,
    /** What the case tells: a reason, a time, a consent's name, or names separated by commas. */
    readonly detail: string,
    private readonly consentUrl?: (scopes: string[], returnPath: string) => string,
  ) {
    super(detail === "" ? code : `${code}: ${detail}`);
  }

  /** The error of a case of the contract. */
  static of(e: host.Error, consentUrl: (scopes: string[], returnPath: string) => string): SharedError {
    const val = "val" in e ? e.val : "";
    return new SharedError(e.tag, Array.isArray(val) ? val.join(", ") : val, consentUrl);
  }

  /**
   * Whether it is the grant that is missing, over or too narrow: the department's affair with the
   * provider, about which the person who asks can do nothing.
   */
  get isAboutTheGrant(): boolean {
    return ABOUT_THE_GRANT.includes(this.code);
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Error {
    switch (this.code) {
      case "not-signed-in":
        return new SignIn();
      case "consent-required":
        return this.consentUrl ? new MissingConsent(this.detail, this.consentUrl) : Problem.internal(this.message);
      case "conflict":
        return Problem.conflict(t("记录已被更改，请重新查看", "The record has changed: look again")).kind("changed");
      case "not-found":
        return Problem.notFound();
      case "row-not-granted":
        return Problem.forbidden(t("不能查看这条记录", "This record is not open to you")).kind("row-not-granted");
      case "role-required":
        return Problem.forbidden(t("您没有所需的岗位", "You do not hold the role for this")).kind("role-required");
      case "invalid":
      case "too-large":
        return new Problem(400, t("请求无效", "Bad request")).kind("invalid").detail(same(this.detail));
      case "unavailable":
        console.error(`error: ${this.message}`);
        return Problem.busy();
      default:
        if (!this.isAboutTheGrant) return Problem.internal(this.message);
        console.error(`error: ${this.message}`);
        return Problem.forbidden(t("目前不能使用所需的共享数据", "The shared data that this needs is not available"))
          .kind("not-granted")
          .detail(
            t(
              "数据的提供部门没有授权，或授权已到期、已撤销。部门可在控制台申请。",
              "Its provider has not granted it, or the grant is over. The department can ask at the console.",
            ),
          );
    }
  }
}
