//! The `yunlong` binary: the server, and the command line of vendors and departments.

mod backup;
mod blobs;
mod callbacks;
mod city;
mod compiled;
mod config_command;
mod data_keys;
mod demo;
mod dev;
mod doctor;
mod init;
mod journals;
mod metrics;
mod options;
mod ports;
mod progress;
mod providers;
mod ready;
mod refusal;
mod registry;
mod registry_command;
mod replay;
mod secret;
mod serve;
mod settings;
mod subscriptions;
mod telemetry;
mod test_command;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(
    name = "yunlong",
    version,
    about = "云龙 Yunlong: a city's apps, from many vendors, on one platform",
    max_term_width = 100
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a city: portal, console and apps
    Serve(Box<options::Serve>),
    // Its own text is longer than a line, which one here would hide.
    Registry(Box<registry_command::Registry>),
    /// Set up a data folder: organizations and the first administrator
    Init(init::Init),
    /// Look at the configuration file: its schema, or whether one would be taken
    #[command(subcommand)]
    Config(config_command::Command),
    /// Look at the machine, the data folder and the configuration, and say what to do
    Doctor(doctor::Doctor),
    /// Ask the running server's admin listener whether it is ready; ends with 0 when it is
    Ready(ready::Ready),
    /// Copy the data, of a running server too
    Backup(backup::BackUp),
    /// Put a backup into an empty folder
    Restore(backup::Restore),
    /// Keys that personal fields are encrypted with at rest
    #[command(subcommand)]
    DataKey(data_keys::Command),
    /// Play an app's scenarios, `scenarios/*.toml` of its folder, in small cities: see `yunlong guide testing`
    Test(test_command::Test),
    /// Run the request of a journal again, with the answers of then: see `yunlong guide replay`
    Replay(replay::Replay),
    // As above.
    Dev(dev::Dev),
    #[command(flatten)]
    Tool(yunlong_cli::Command),
}

fn main() -> ExitCode {
    // Before anything else: the runtime's compiling child has limits on memory and needs no options.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(yunlong_runtime::COMPILE_COMMAND) {
        std::process::exit(yunlong_runtime::compile_child_main(arguments));
    }
    let outcome = match Arguments::parse().command {
        Command::Serve(options) => serve::run(*options),
        Command::Registry(options) => registry_command::run(&options),
        Command::Init(options) => init::run(&options),
        Command::Config(command) => config_command::run(&command),
        Command::Doctor(options) => return doctor::run(&options),
        Command::Ready(options) => ready::run(&options),
        Command::Backup(options) => backup::back_up(&options),
        Command::Restore(options) => backup::restore(&options),
        Command::DataKey(command) => data_keys::run(&command),
        Command::Test(options) => return test_command::run(&options),
        Command::Replay(options) => return replay::run(&options),
        Command::Dev(options) => return dev::run(&options),
        Command::Tool(command) => {
            return match yunlong_cli::run(&command, <Arguments as clap::CommandFactory>::command) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    let lang = yunlong_cli::lang();
                    eprintln!("{}{}", lang.pick("错误：", "error: "), error.text(lang));
                    eprintln!("  → {}", error.next());
                    ExitCode::from(error.exit_code())
                }
            };
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            refusal::Refusal::of(&error).tell(yunlong_cli::lang());
            ExitCode::FAILURE
        }
    }
}
