//! What becomes of a version after its approval: `yunlong keep`, `yunlong yank`.

use crate::client::Client;
use crate::permissions::printable;
use crate::terminal::{self, say};
use crate::{CliError, Server};
use clap::Args;
use serde_json::{Value, json};
use yunlong_model::Digest;

/// `yunlong keep`.
#[derive(Args, Debug)]
pub struct Keep {
    /// The package's digest (sha256:…)
    digest: String,
    /// Why it stands although its key was revoked: public, in the log
    #[arg(short = 'm', long)]
    reason: String,
    #[command(flatten)]
    server: Server,
}

/// `yunlong yank`.
#[derive(Args, Debug)]
pub struct Yank {
    /// The package's digest (sha256:…)
    digest: String,
    /// Why: public, in the log
    #[arg(short = 'm', long)]
    reason: String,
    /// What runs it stops at once, in every department, and is not started again: the city alone recalls
    #[arg(long)]
    recall: bool,
    /// Do not ask: it is for good
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn keep(options: &Keep) -> Result<(), CliError> {
    let digest = digest(&options.digest)?;
    let client = Client::signed_in(&options.server)?;
    client.post(&format!("/api/v1/packages/{digest}/keep"), &json!({ "reason": options.reason }))?;
    say!("{digest} {}", terminal::lang().pick("保留", "stands"))
}

pub(crate) fn yank(options: &Yank) -> Result<(), CliError> {
    let digest = digest(&options.digest)?;
    let client = Client::signed_in(&options.server)?;
    let lang = terminal::lang();
    if !options.yes {
        let question = if options.recall {
            lang.pick(
                "召回后，各部门正在运行它的应用立即停止（数据保留），不能撤销。召回吗？",
                "Recalled, what runs it stops at once in every department (its data is kept). Recall it for good?",
            )
        } else {
            lang.pick("下架后不能撤销。下架吗？", "Yank it for good?")
        };
        terminal::confirm(question)?;
    }
    let body = json!({ "reason": options.reason, "recall": options.recall });
    client.post(&format!("/api/v1/packages/{digest}/yank"), &body)?;
    say!(
        "{digest} {}",
        if options.recall { lang.pick("已召回", "is recalled") } else { lang.pick("已下架", "is yanked") }
    )
}

/// The versions that wait for the city's word since their key was revoked, a line each.
pub(crate) fn in_doubt(key: &Value) -> String {
    let text = |v: &Value| printable(v.as_str().unwrap_or(""));
    let all = key["in_doubt"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().map(|r| format!("{} {}  {}\n", text(&r["app"]), text(&r["version"]), text(&r["digest"]))).collect()
}

fn digest(text: &str) -> Result<Digest, CliError> {
    text.parse().map_err(|_| {
        let text = printable(text);
        CliError::told(
            (format!("“{text}”不是安装包的摘要"), format!("`{text}` is no package's digest")),
            (
                "摘要写作 sha256:…，见版本的页面、`yunlong review show` 和 `yunlong keys revoke`",
                "it is written sha256:… and stands on the version's page, in `yunlong review show` and `yunlong keys revoke`",
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_a_line_each_and_draws_nothing_on_the_terminal() {
        let key = json!({ "in_doubt": [
            { "app": "tickets", "version": "1.0.0", "digest": "sha256:aa" },
            { "app": "a\u{1b}[2J", "version": "1.1.0", "digest": "sha256:bb" },
        ] });
        let told = in_doubt(&key);
        assert_eq!(told.lines().count(), 2);
        assert!(told.starts_with("tickets 1.0.0  sha256:aa\n") && !told.contains('\u{1b}'), "{told:?}");
        assert_eq!(in_doubt(&json!({})), "");
    }

    #[test]
    fn a_digest_is_checked_before_it_stands_in_an_address() {
        assert!(digest("sha256:../../x").is_err() && digest("tickets").is_err());
        assert!(digest(&Digest::of(b"x").to_string()).is_ok());
    }
}
