//! `yunlong init`: the first administrators of a city that is no demo.

use crate::city::Ground;
use crate::options::Common;
use crate::refusal::{Refusal, both};
use anyhow::{Context, Result};
use clap::Args;
use yunlong_identity::{AccountKind, Attributes, Identity, NewAccount, NewPerson, PlatformRole};

/// `yunlong init`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    #[command(flatten)]
    common: Common,
    /// The name of the system administrator's account; the password is asked for, or read from
    /// YUNLONG_PASSWORD
    #[arg(long, value_name = "ACCOUNT", required_unless_present_any = ["security", "audit"])]
    admin: Option<String>,
    /// The name of the security administrator's account: prints the one-time code with which its
    /// owner sets the password
    #[arg(long, value_name = "ACCOUNT")]
    security: Option<String>,
    /// The name of the audit administrator's account, likewise
    #[arg(long, value_name = "ACCOUNT")]
    audit: Option<String>,
    /// The code of the administrators' organization
    #[arg(long = "org", default_value = "320300", value_name = "CODE")]
    organization: String,
}

/// Who makes the first accounts in the audit trail.
const BY: &str = "init";

pub(crate) fn run(options: &Init) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no threads")?;
    runtime.block_on(async {
        let settings = options.common.settings(Vec::new())?;
        let ground = Ground::open(&settings, settings.identity(false)).await?;
        let wanted = [&options.admin, &options.security, &options.audit];
        for name in wanted.into_iter().flatten() {
            if ground.identity.account(name).await?.is_some() {
                return Err(Refusal {
                    problem: both(
                        format!("已经有账号 {name}：没有任何改动"),
                        format!("there is an account `{name}` already: nothing was changed"),
                    ),
                    next: both(
                        "请换一个账号名；已初始化的城市用 yunlong serve 启动",
                        "choose another name; a city that is set up is started with `yunlong serve`",
                    ),
                }
                .into());
            }
        }
        if let Some(name) = &options.admin {
            system(&ground.identity, name, options).await?;
        }
        for (name, role) in
            [(&options.security, PlatformRole::SecurityAdmin), (&options.audit, PlatformRole::AuditAdmin)]
        {
            if let Some(name) = name {
                other(&ground.identity, name, role, options).await?;
            }
        }
        println!(
            "every administrator sets up a second factor at the portal's /account/second-factor before anything else"
        );
        println!("start the city with `yunlong serve --data {}`", settings.data()?.display());
        Ok(())
    })
}

async fn system(identity: &Identity, name: &str, options: &Init) -> Result<()> {
    let password = yunlong_cli::read_password(name)?;
    let new = NewAccount {
        name: name.to_owned(),
        kind: AccountKind::Official,
        password: password.as_str().into(),
        organization: Some(options.organization.clone()),
        attributes: Attributes::default(),
        platform_roles: vec![PlatformRole::SystemAdmin],
    };
    identity.create_account(new).await?;
    println!("made {name}");
    Ok(())
}

/// The other two belong to other people, who set their own passwords.
async fn other(identity: &Identity, name: &str, role: PlatformRole, options: &Init) -> Result<()> {
    let new = NewPerson {
        name: name.to_owned(),
        kind: AccountKind::Official,
        organization: Some(options.organization.clone()),
        attributes: Attributes::default(),
    };
    let code = identity.open_account(new, BY).await?;
    identity.set_platform_role(name, Some(role), BY).await?;
    println!("made {name}: hand its owner the code {} for the page /reset", code.code.as_str());
    Ok(())
}
