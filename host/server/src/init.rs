//! `yunlong init`: the first administrator of a city that is no demo.

use crate::city::Ground;
use crate::options::Common;
use anyhow::{Context, Result, bail};
use clap::Args;
use yunlong_identity::{AccountKind, Attributes, NewAccount, PlatformRole};

/// `yunlong init`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    #[command(flatten)]
    common: Common,
    /// The name of the first administrator's account; the password is asked for, or read from
    /// YUNLONG_PASSWORD
    #[arg(long, value_name = "ACCOUNT")]
    admin: String,
    /// The code of the administrator's organization
    #[arg(long = "org", default_value = "320300", value_name = "CODE")]
    organization: String,
}

pub(crate) fn run(options: &Init) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no threads")?;
    runtime.block_on(async {
        let settings = options.common.settings(Vec::new())?;
        let ground = Ground::open(&settings, settings.identity(false)).await?;
        if ground.identity.account(&options.admin).await?.is_some() {
            bail!("there is an account `{}` already: nothing was changed", options.admin);
        }
        let password = yunlong_cli::read_password(&options.admin)?;
        let new = NewAccount {
            name: options.admin.clone(),
            kind: AccountKind::Official,
            password: password.as_str().into(),
            organization: Some(options.organization.clone()),
            attributes: Attributes::default(),
            platform_roles: vec![PlatformRole::CityAdmin],
        };
        ground.identity.create_account(new).await?;
        println!("made {}: start the city with `yunlong serve --data {}`", options.admin, settings.data()?.display());
        Ok(())
    })
}
