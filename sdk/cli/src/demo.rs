//! A demo city on this machine, which says itself that it is one: whoever tries what they wrote acts there as its
//! people, one after the other.
//!
//! Nothing here is a way around a rule. Each step is the ordinary API's, under the account whose duty it is; what makes
//! it possible is that the demo tells the one password of its accounts, which no other city has.

use crate::client::{Client, is_local};
use crate::permissions::{Line, describe, printable};
use crate::terminal::{lang, say};
use crate::{CliError, Server, apps, releases};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use yunlong_registry::{Package, PublicKey};

/// How often it is asked whether the checks have ended.
const LOOK: Duration = Duration::from_millis(500);
/// The checks have an end of their own, far before this.
const PATIENCE: Duration = Duration::from_secs(900);

/// What a demo tells of itself: `GET /api/v1/demo`.
#[derive(Debug, Deserialize)]
pub(crate) struct Demo {
    #[serde(skip)]
    server: String,
    password: String,
    administrator: String,
    reviewer: String,
    developer: String,
    vendor_organization: String,
    organization: String,
}

impl Demo {
    /// The demo at this address; `None` when what answers there is none. A demo listens on its own machine only, so
    /// nothing elsewhere is taken for one, whatever it says.
    ///
    /// # Errors
    /// When nothing answers, or not as a platform.
    pub(crate) fn at(server: &Server) -> Result<Option<Self>, CliError> {
        let client = Client::anonymous(&server.server)?;
        if !client.portal().domain().is_some_and(is_local) {
            return Ok(None);
        }
        let answer = match client.of_portal("/api/v1/demo") {
            Ok(answer) => answer,
            Err(CliError::Refused { status: 404, .. }) => return Ok(None),
            Err(e) => return Err(e),
        };
        let demo: Self = serde_json::from_value(answer)
            .map_err(|_| client.strange("它的演示说明不对", "its demo is not described as one"))?;
        Ok(Some(Self { server: server.server.clone(), ..demo }))
    }

    fn act_as(&self, account: &str) -> Result<Client, CliError> {
        let client = Client::anonymous(&self.server)?;
        let token = client.sign_in(account, &self.password)?;
        Ok(client.with_token(&token))
    }

    /// A session of the vendor's developer.
    pub(crate) fn developer(&self) -> Result<Client, CliError> {
        self.act_as(&self.developer)
    }

    /// Has the administrator enroll the key, the developer publish, and waits for the checks; answers the submission.
    pub(crate) fn publish(&self, package: &Package, key: &PublicKey) -> Result<Value, CliError> {
        let vendor = &package.manifest.vendor;
        let (by, id) = (&self.administrator, key.id());
        step(&format!("{by} 登记 {vendor} 的公钥 {id}"), &format!("{by} enrolls the key {id} for {vendor}"));
        let administrator = self.act_as(by)?;
        let wanted = json!({ "vendor": vendor, "organization": self.vendor_organization, "public_key": key.to_pem()? });
        administrator.post("/api/v1/signers", &wanted)?;
        _ = administrator.sign_out();

        let by = &self.developer;
        let (app, version) = (&package.manifest.name, &package.manifest.version);
        step(&format!("{by} 提交 {app} {version}"), &format!("{by} submits {app} {version}"));
        let developer = self.developer()?;
        let submitted = developer.upload_package(&package.to_tar()?)?;
        let checked = wait(&developer, &submitted);
        _ = developer.sign_out();
        checked
    }

    /// Has the reviewer approve a submission whose checks passed, and the administrator install or upgrade it; answers
    /// the address at which it serves.
    pub(crate) fn install(
        &self,
        package: &Package,
        submission: &Value,
        organization: Option<&str>,
    ) -> Result<String, CliError> {
        self.approve(submission)?;
        let organization = organization.unwrap_or(&self.organization);
        let (by, app) = (&self.administrator, package.manifest.name.as_str());
        let administrator = self.act_as(by)?;
        let review = administrator.get(&format!("/api/v1/packages/{}", package.digest))?;
        let installed = match administrator.get(&apps::path(app, "")?) {
            Err(CliError::Refused { status: 404, .. }) => {
                step(
                    &format!("{by} 批准权限，为 {organization} 安装"),
                    &format!("{by} approves, and installs for {organization}"),
                );
                let lines = Line::of_answer(&review["permissions"]);
                eprint!("{}", describe(&lines, lang(), false));
                let approve: Vec<&str> = lines.iter().map(|l| l.id.as_str()).collect();
                let wanted = json!({
                    "package": package.digest, "organization": organization, "approve": approve,
                    "config": examples(&review["config"]),
                });
                administrator.post("/api/v1/installations", &wanted)?
            }
            Err(e) => return Err(e),
            Ok(before) if before["app"] != app => return Err(taken(app, &before)),
            Ok(before) if before["package"] == package.digest.to_string() => before,
            Ok(before) => {
                step(&format!("{by} 升级 {app}"), &format!("{by} upgrades {app}"));
                releases::bring(&administrator, app, &package.digest.to_string())?;
                before
            }
        };
        _ = administrator.sign_out();
        installed["url"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| administrator.strange("回答中没有地址", "no address in the answer"))
    }

    fn approve(&self, submission: &Value) -> Result<(), CliError> {
        let number = submission["number"].as_u64().unwrap_or_default();
        match submission["state"].as_str() {
            Some("approved") => return Ok(()),
            Some("waiting" | "assigned") => {}
            _ => return Err(not_to_approve(number, submission)),
        }
        let by = &self.reviewer;
        step(&format!("{by} 批准提交 {number}"), &format!("{by} approves submission {number}"));
        let reviewer = self.act_as(by)?;
        let path = |step: &str| format!("/api/v1/submissions/{number}/{step}");
        if submission["state"] == "waiting" {
            reviewer.post(&path("assign"), &json!({}))?;
        }
        let seen = &submission["checked"]["findings"];
        let remark = "演示城市：开发者在本机试用。 Tried by its developer, in the demo.";
        reviewer.post(&path("approve"), &json!({ "remark": remark, "findings": seen }))?;
        _ = reviewer.sign_out();
        Ok(())
    }

    /// What else can be done there, in one line.
    pub(crate) fn how_to_try(&self) -> String {
        let password = &self.password;
        lang()
            .pick(
                &format!("用 citizen-001 登录试用；演示账号的密码都是 {password}"),
                &format!("sign in as citizen-001 to try it; the password of every account of the demo is {password}"),
            )
            .to_owned()
    }
}

/// Why nothing is installed where the city is no demo.
pub(crate) fn none_at(server: &str) -> CliError {
    CliError::usage(
        lang().pick(
            &format!("{server} 不是演示城市：那里由审核员批准，由部门的管理员安装，提交的人自己做不到"),
            &format!("{server} is no demo: there a reviewer approves and a department's administrator installs, and whoever publishes does neither"),
        ),
        lang().pick(
            "在真实城市请去掉 --install；要在本机试用，请停止占用该端口的程序（如 yunlong dev），在另一个终端运行 yunlong serve --demo",
            "at a real city leave --install out; to try it on this machine stop what has that port (such as `yunlong dev`) and run `yunlong serve --demo` in another terminal",
        ),
    )
}

fn taken(app: &str, before: &Value) -> CliError {
    let other = printable(before["app"].as_str().unwrap_or_default());
    CliError::usage(
        lang().pick(
            &format!("名称 {app} 已用于另一个应用 {other}"),
            &format!("another app, {other}, is installed under the name {app}"),
        ),
        lang().pick(
            "在 app.toml 中换一个 name，再 yunlong package",
            "choose another `name` in app.toml, then `yunlong package`",
        ),
    )
}

fn not_to_approve(number: u64, submission: &Value) -> CliError {
    let title = printable(submission["state_title"][lang().pick("zh", "en")].as_str().unwrap_or_default());
    CliError::usage(
        lang().pick(
            &format!("提交 {number} 不能批准：{title}"),
            &format!("submission {number} cannot be approved: {title}"),
        ),
        lang().pick(
            "改好后在 app.toml 中提高 version，再 yunlong package 和 yunlong publish --install",
            "mend it, raise `version` in app.toml, then `yunlong package` and `yunlong publish --install`",
        ),
    )
}

/// Waits until the checks have ended; answers the submission. Those that failed are an error that says why.
fn wait(client: &Client, submitted: &Value) -> Result<Value, CliError> {
    let number =
        submitted["number"].as_u64().ok_or_else(|| client.strange("回答中没有编号", "no number in the answer"))?;
    step(
        &format!("提交 {number}：正在自动检查并试运行（一分钟左右）"),
        &format!("submission {number}: it is checked and tried (about a minute)"),
    );
    let began = Instant::now();
    loop {
        let submission = client.get(&format!("/api/v1/submissions/{number}"))?;
        match submission["state"].as_str() {
            Some("submitted" | "checking") if began.elapsed() < PATIENCE => std::thread::sleep(LOOK),
            Some("submitted" | "checking") => {
                return Err(CliError::usage(
                    lang().pick("检查没有按时结束", "the checks did not end in time"),
                    lang().pick("稍后用 yunlong status 查看", "look again in a while with `yunlong status`"),
                ));
            }
            Some("checks-failed") => return Err(failed(number, &submission)),
            _ => return Ok(submission),
        }
    }
}

fn failed(number: u64, submission: &Value) -> CliError {
    let checks = apps::items(&submission["findings"]["checks"]).iter().filter(|c| c["outcome"] == "fail");
    let why: Vec<String> = checks
        .map(|c| format!("\n  - {}", printable(c["text"][lang().pick("zh", "en")].as_str().unwrap_or_default())))
        .collect();
    let why = why.concat();
    CliError::usage(
        lang().pick(&format!("提交 {number} 没有通过检查：{why}"), &format!("submission {number} did not pass the checks:{why}")),
        lang().pick(
            "改好后再 yunlong package 和 yunlong publish；本机可先运行 yunlong check 和 yunlong test",
            "mend it, then `yunlong package` and `yunlong publish` again; `yunlong check` and `yunlong test` find most of it here",
        ),
    )
}

/// Values for settings that have no default: the first of their examples (JSON Schema 2020-12, section 9.5), as
/// `yunlong dev` takes them.
fn examples(schema: &Value) -> Map<String, Value> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let without = properties.filter(|(_, property)| property.get("default").is_none());
    without.filter_map(|(name, property)| Some((name.clone(), property.get("examples")?.get(0)?.clone()))).collect()
}

/// Says who does what.
fn step(zh: &str, en: &str) {
    eprintln!("{}…", lang().pick(zh, en));
}

/// Prints the address, the one thing that a script wants.
pub(crate) fn told(url: &str) -> Result<(), CliError> {
    say!("{}", printable(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_city_elsewhere_is_a_demo_and_nothing_is_asked_of_it() {
        let server = Server {
            // Nobody answers there: it is not asked.
            server: "https://city.example".into(),
            token: None,
            account: None,
            password_stdin: false,
        };
        assert!(Demo::at(&server).unwrap().is_none());
        assert!(none_at("https://city.example").next().contains("--install"));
    }

    #[test]
    fn what_failed_is_told_and_draws_nothing_on_the_terminal() {
        let text = |t: &str| json!({ "zh": t, "en": t });
        let checks = json!([
            { "outcome": "pass", "text": text("fine") },
            { "outcome": "fail", "text": text("it loops\u{1b}[2J") },
        ]);
        let error = failed(7, &json!({ "findings": { "checks": checks } }));
        let told = error.to_string();
        assert!(told.contains("7") && told.contains("it loops") && !told.contains("fine"), "{told}");
        assert!(!told.contains('\u{1b}') && error.next().contains("yunlong package"), "{told}");
    }

    #[test]
    fn settings_without_a_default_take_their_first_example() {
        let schema =
            json!({ "properties": { "a": { "default": 1, "examples": [2] }, "b": { "examples": ["x"] }, "c": {} } });
        assert_eq!(Value::from(examples(&schema)), json!({ "b": "x" }));
        assert!(examples(&Value::Null).is_empty());
    }
}
