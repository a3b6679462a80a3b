//! The `yunlong` command line for vendors and departments.
//!
//! Vendors make keys, package and publish; departments install, look at permissions and start and
//! stop. Each subcommand is a clap type and a function. What is talked to is the console's JSON API.
//! The one binary is the server's; `yunlong serve` and its like are there.
#![deny(missing_docs)]

mod accounts;
mod advisories;
mod apps;
mod bindgen;
mod build;
mod carried;
mod check;
mod client;
mod config;
mod contract;
mod demo;
mod dependencies;
mod doctor;
mod error;
mod evidence;
mod examine;
mod guide;
mod hub;
mod install;
mod jobs;
mod journals;
mod keys;
mod login;
mod manage;
mod new;
mod oci;
mod organizations;
mod pack;
mod permissions;
mod project;
mod pull;
mod push;
mod releases;
mod review;
mod scenarios;
mod shell;
pub mod sources;
mod standing;
mod status;
mod terminal;
mod tools;
mod uninstall;

pub use check::{Finding, check_component};
pub use doctor::{Health, Symptom, vendor as vendor_doctor};
pub use error::CliError;
pub use project::{find_component, ready_component};
pub use terminal::lang;

use clap::{Args, Subcommand};

/// The platform that a command talks to.
#[derive(Args, Clone, Debug)]
pub struct Server {
    /// The portal's address; the console is at `console.` before its host
    #[arg(long, env = "YUNLONG_SERVER", default_value = "http://localhost:8080", value_name = "URL")]
    pub server: String,
    /// A session's token, instead of the one that `yunlong login` keeps
    // base64url: it may begin with a hyphen.
    #[arg(long, env = "YUNLONG_TOKEN", hide_env_values = true, value_name = "TOKEN", allow_hyphen_values = true)]
    pub token: Option<String>,
    /// Sign in as this account for this one command; the password is asked for, or read from
    /// YUNLONG_PASSWORD
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "token")]
    pub account: Option<String>,
    /// Read the password of --account from standard input, whatever YUNLONG_PASSWORD says
    #[arg(long, requires = "account")]
    pub password_stdin: bool,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a new app: a whole small one, with tests, to begin with
    New(new::New),
    /// Build the component of an app with the toolchain of its language
    Build(build::Build),
    /// Look at an app as the registry's automatic checks will, without a server
    Check(examine::Check),
    /// Write types of the datasets and topics that an app names, in its language
    Bindgen(bindgen::Bindgen),
    /// Show where the app of this folder stands, here and at the city
    Status(status::Status),
    /// Read a page of the book: testing, replay, what to do when something goes wrong
    Guide(guide::Guide),
    /// Write a script that completes commands and options in a shell
    Completions(shell::Completions),
    /// Write the manual
    Man(shell::Man),
    /// Make signing keys; show, replace and revoke those that are enrolled
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Make a package of a folder with app.toml and a component, or pull one from a registry
    Package(pack::Package),
    /// Sign a package and submit it for review
    Publish(pack::Publish),
    /// Review what vendors published
    #[command(subcommand)]
    Review(review::Review),
    /// Offer a version no longer; with --recall what runs it stops at once
    Yank(standing::Yank),
    /// Decide for the city that a version stands although its key was revoked
    Keep(standing::Keep),
    /// Bring in what is known to be vulnerable, for the checks; show what was brought in
    #[command(subcommand)]
    Advisories(advisories::Advisories),
    /// Install an app for an organization, after showing what it may do
    Install(install::Install),
    /// Show what an app may do: an installation, or a package's file
    Permissions(permissions::Permissions),
    /// List the installations
    Apps(apps::Apps),
    /// Show who has which of an app's roles; give and take them
    Roles(manage::Roles),
    /// Show an installation's configuration; change it
    Configure(manage::Configure),
    /// Whether an installation takes approved versions by itself that ask for nothing more
    Automatic(manage::Automatic),
    /// Stop an installation: it answers nobody and keeps its data
    Stop(apps::Named),
    /// Start a stopped installation
    Start(apps::Named),
    /// Ask an installation whether it is well
    Health(releases::Shown),
    /// Bring an installation to a newer version, at once or for a share of the people
    Upgrade(releases::Upgrade),
    /// Bring an installation back to a version that it ran
    Rollback(releases::Rollback),
    /// Show what happened to the versions of an installation
    History(releases::Shown),
    /// Show the jobs of an installation; run, pause and resume them
    Jobs(jobs::Jobs),
    /// Keep journals of requests that an installation fails, list and download them: see `yunlong guide replay`
    Journals(journals::Journals),
    /// Show the messages that an installation could not handle, and deliver them again
    DeadLetters(jobs::DeadLetters),
    /// Remove an installation for good, with its data or after an export of it
    Uninstall(uninstall::Uninstall),
    /// Open accounts and look after them
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    /// List organizations, and add departments and vendors
    #[command(subcommand)]
    Organizations(organizations::Organizations),
    /// Load files of records into the information hub, write them out, make a synthetic city
    #[command(subcommand)]
    Hub(hub::Hub),
    /// Sign in and keep the token for the commands that follow
    Login(login::Login),
    /// End the session that `yunlong login` keeps
    Logout(login::Logout),
}

/// Asks for a password without echo, or reads it from YUNLONG_PASSWORD or a pipe.
///
/// # Errors
/// When there is none.
pub fn read_password(account: &str) -> Result<zeroize::Zeroizing<String>, CliError> {
    terminal::password(account)
}

/// Runs a command. `program` is the whole program's command line, for completions and the manual.
///
/// # Errors
/// [`CliError`]: its text says what is wrong, [`CliError::next`] what to do.
pub fn run(command: &Command, program: fn() -> clap::Command) -> Result<(), CliError> {
    match command {
        Command::Check(c) => examine::run(c),
        Command::Bindgen(c) => bindgen::run(c),
        Command::Status(c) => status::run(c),
        Command::Guide(c) => guide::run(c),
        Command::Completions(c) => shell::completions(c, program()),
        Command::Man(c) => shell::man(c, program()),
        Command::New(c) => new::run(c),
        Command::Build(c) => build::run(c),
        Command::Keys(c) => keys::run(c),
        Command::Package(c) => pack::package(c),
        Command::Publish(c) => pack::publish(c),
        Command::Review(c) => review::run(c),
        Command::Yank(c) => standing::yank(c),
        Command::Keep(c) => standing::keep(c),
        Command::Advisories(c) => advisories::run(c),
        Command::Install(c) => install::run(c),
        Command::Permissions(c) => permissions::run(c),
        Command::Apps(c) => apps::list(c),
        Command::Roles(c) => manage::roles(c),
        Command::Configure(c) => manage::configure(c),
        Command::Automatic(c) => manage::automatic(c),
        Command::Stop(c) => apps::set_running(c, false),
        Command::Start(c) => apps::set_running(c, true),
        Command::Health(c) => releases::health(c),
        Command::Upgrade(c) => releases::upgrade(c),
        Command::Rollback(c) => releases::rollback(c),
        Command::History(c) => releases::history(c),
        Command::Jobs(c) => jobs::jobs(c),
        Command::Journals(c) => journals::run(c),
        Command::DeadLetters(c) => jobs::dead_letters(c),
        Command::Uninstall(c) => uninstall::run(c),
        Command::Accounts(c) => accounts::run(c),
        Command::Organizations(c) => organizations::run(c),
        Command::Hub(c) => hub::run(c),
        Command::Login(c) => login::login(c),
        Command::Logout(c) => login::logout(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        server: Server,
    }

    #[derive(Parser)]
    struct Yunlong {
        #[command(subcommand)]
        command: Command,
    }

    #[test]
    fn the_commands_are_sound_and_package_has_both_forms() {
        <Yunlong as clap::CommandFactory>::command().debug_assert();
        let parse = |line: &str| Yunlong::try_parse_from(line.split(' '));
        for line in [
            "yunlong new street-repairs",
            "yunlong new a --lang typescript --vendor v --dir apps/a",
            "yunlong build",
            "yunlong check --json",
            "yunlong bindgen --lang typescript --output - --check",
            "yunlong bindgen a --fetch",
            "yunlong status apps/a --account vendor",
            "yunlong completions bash",
            "yunlong guide testing",
            "yunlong package --unsigned --no-build",
            "yunlong publish --install --org 320303",
            "yunlong man out",
            "yunlong build a --lang python",
            "yunlong publish --key k",
            "yunlong package",
            "yunlong package my-app --key k --output a.tar --sbom s.json",
            "yunlong package pull localhost:5000/v/a:1.0.0 --output a.tar --account vendor --password-stdin",
            "yunlong publish a.tar --registry http://localhost:5000 --repository v/a",
            "yunlong keys rotate old new",
            "yunlong keys revoke k --reason compromised --remark lost",
            "yunlong keys enrolled",
            "yunlong yank sha256:aa -m broken --recall --yes",
            "yunlong keep sha256:aa --reason before-the-theft",
            "yunlong advisories import all.zip --ecosystem crates.io --source osv.dev",
            "yunlong advisories show --json",
            "yunlong uninstall tickets --export tickets.jsonl --yes",
            "yunlong uninstall tickets --erase",
            "yunlong install tickets --org 320300 --role gate=li-lei --role gate=han --automatic --yes",
            "yunlong roles tickets --assign gate=li-lei --remove manager=han",
            "yunlong configure tickets --set limit=3 --unset opening",
            "yunlong automatic tickets on",
            "yunlong automatic tickets",
        ] {
            assert!(parse(line).is_ok(), "{line}: {}", parse(line).err().map(|e| e.to_string()).unwrap_or_default());
        }
        for line in [
            "yunlong new",
            "yunlong new a --lang cobol",
            "yunlong completions cobol",
            "yunlong package pull",
            "yunlong package pull localhost:5000/v/a:1 --password-stdin",
            "yunlong publish a.tar --repository v/a",
            "yunlong publish a.tar --password secret",
            "yunlong publish --install --account vendor",
            "yunlong publish --install --token t",
            "yunlong publish --org 320303",
            "yunlong package --unsigned --key k",
            "yunlong keys revoke k",
            "yunlong yank sha256:aa",
            "yunlong keep -m why",
            "yunlong advisories import all.zip",
            "yunlong advisories import all.zip --ecosystem Maven",
            "yunlong uninstall tickets --erase --export tickets.jsonl",
            "yunlong automatic tickets perhaps",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_token_may_begin_with_a_hyphen() {
        let parsed = Arguments::try_parse_from(["yunlong", "--token", "-lQ3"]).map(|a| a.server.token);
        assert_eq!(parsed.ok().flatten().as_deref(), Some("-lQ3"));
    }
}
