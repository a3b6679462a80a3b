//! The `yunlong` binary: the server, and the command line of vendors and departments.

mod callbacks;
mod city;
mod demo;
mod init;
mod metrics;
mod options;
mod progress;
mod providers;
mod secret;
mod serve;
mod subscriptions;
mod telemetry;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

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
    /// Set up a data folder: organizations and the first administrator
    Init(init::Init),
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
        Command::Init(options) => init::run(&options),
        Command::Tool(command) => {
            return match yunlong_cli::run(&command) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("error: {error}");
                    if let Some(next) = error.next() {
                        eprintln!("  → {next}");
                    }
                    ExitCode::FAILURE
                }
            };
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
