//! `yunlong config`.

use crate::options::origins;
use crate::settings::{self, Read};
use anyhow::Result;
use clap::Subcommand;
use std::path::PathBuf;

/// `yunlong config`.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Print the JSON Schema of the configuration file
    Schema,
    /// Say whether a configuration file would be taken
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print the reference that is kept in docs/configuration.md
    #[command(hide = true)]
    Docs,
}

pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Schema => println!("{}", serde_json::to_string_pretty(&settings::schema())?),
        Command::Docs => print!("{}", settings::markdown()),
        Command::Check { file } => {
            let settings = settings::read(&Read { file: Some(file), ..Read::default() })?;
            settings.gateway()?;
            settings.admin_address()?;
            origins(settings.origin.as_deref(), "localhost", settings.listen.port)?;
            println!("{} is a configuration; `yunlong doctor --config {0}` looks at the machine, too", file.display());
        }
    }
    Ok(())
}
