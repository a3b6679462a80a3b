/** Why a call about files failed. */
import type * as host from "city:files/files@1.0.0";
import { same, t } from "./text.ts";
import { SignIn } from "./web/outcome.ts";
import { Problem } from "./web/problem.ts";

const WORDS = {
  undeclared: "app.toml declares no such area of files, or it was not approved: ",
  "not-signed-in": "nobody is signed in",
  "not-found": "there is no such file",
  "not-yours": "the file was uploaded by another person",
  attached: "the file is attached already, to ",
  invalid: "",
  "too-large": "",
  "wrong-type": "",
  closed: "the transaction is closed",
  unavailable: "files cannot be reached: ",
  other: "",
} as const satisfies Record<host.Error["tag"], string>;

/** Why a call about files failed: the case of the contract. */
export class FileError extends Error {
  override readonly name = "FileError";
  constructor(
    readonly code: host.Error["tag"],
    message: string,
  ) {
    super(message);
  }

  /** The error of a case of the contract. */
  static of(e: host.Error): FileError {
    return new FileError(e.tag, `${WORDS[e.tag]}${"val" in e ? e.val : ""}`);
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Problem | SignIn {
    switch (this.code) {
      case "not-signed-in":
        return new SignIn();
      case "not-found":
        return Problem.notFound();
      case "not-yours":
      case "attached":
        return Problem.conflict(t("这个文件不能附在这里", "The file cannot be attached here"))
          .kind("file-not-attachable")
          .detail(t("请重新选择文件并提交。", "Choose the file again and send the form."));
      case "too-large":
      case "wrong-type":
        return Problem.invalid(t("文件不被接受", "The file is not accepted")).kind("file-refused").detail(same(this.message));
      default:
        return Problem.internal(this.message);
    }
  }
}
