//! Signing in and out.

use crate::client::Client;
use crate::config::{Kept, Sessions};
use crate::terminal::say;
use crate::{CliError, terminal};
use clap::Args;

/// `yunlong login`.
#[derive(Args, Debug)]
pub struct Login {
    /// The account; asked for when absent
    #[arg(long)]
    account: Option<String>,
    /// The portal's address
    #[arg(long, env = "YUNLONG_SERVER", default_value = "http://localhost:8080", value_name = "URL")]
    server: String,
}

/// `yunlong logout`.
#[derive(Args, Debug)]
pub struct Logout {
    /// The portal's address
    #[arg(long, env = "YUNLONG_SERVER", default_value = "http://localhost:8080", value_name = "URL")]
    server: String,
}

pub(crate) fn login(options: &Login) -> Result<(), CliError> {
    let client = Client::anonymous(&options.server)?;
    let account = match &options.account {
        Some(a) => a.clone(),
        None => terminal::ask(terminal::lang().pick("账号", "Account"))?,
    };
    let token = client.sign_in(&account, &terminal::password(&account)?).map_err(|e| match e {
        // A 401 here is not an ended session.
        CliError::Refused { status: 401, text, .. } => {
            CliError::usage(text, terminal::lang().pick("检查账号和密码", "check the account and the password"))
        }
        e => e,
    })?;
    let mut sessions = Sessions::load()?;
    sessions.set(&client.name(), Some(Kept { account: account.clone(), token }));
    sessions.save()?;
    let name = client.name();
    say!(
        "{}",
        terminal::lang().pick(&format!("已在 {name} 登录为 {account}"), &format!("signed in at {name} as {account}"))
    )
}

pub(crate) fn logout(options: &Logout) -> Result<(), CliError> {
    let lang = terminal::lang();
    let client = Client::anonymous(&options.server)?;
    let name = client.name();
    let mut sessions = Sessions::load()?;
    let Some(kept) = sessions.get(&name).cloned() else {
        return say!("{} {name}", lang.pick("没有保存登录：", "no session is kept for"));
    };
    // The token is forgotten here even when the server cannot be told; then it ends by its own time.
    let told = client.with_token(&kept.token).sign_out();
    sessions.set(&name, None);
    sessions.save()?;
    match told {
        Ok(()) | Err(CliError::Refused { status: 401 | 404, .. }) => {
            say!("{} {name}", lang.pick("已退出", "signed out at"))
        }
        Err(e) => say!(
            "{}{}",
            lang.pick(
                "这里的登录已删除，但没有通知到平台：",
                "the session is forgotten here, but the platform was not told: "
            ),
            e.text(lang)
        ),
    }
}
