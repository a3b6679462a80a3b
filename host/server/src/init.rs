//! `yunlong init`: the first administrator of a city that is no demo.

use crate::city::Ground;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use yunlong_identity::{AccountKind, Attributes, IdentityConfig, NewAccount, PlatformRole};

/// `yunlong init`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The data folder
    #[arg(long, env = "YUNLONG_DATA", value_name = "DIR")]
    data: PathBuf,
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
        let ground = Ground::open(&options.data, IdentityConfig::default()).await?;
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
        println!("made {}: start the city with `yunlong serve --data {}`", options.admin, options.data.display());
        Ok(())
    })
}
