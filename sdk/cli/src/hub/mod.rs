//! `yunlong hub`: files into the information hub and out of it.

mod batches;
mod dataset;
mod export;
mod generate;
mod import;
mod load;
mod progress;

use crate::{CliError, Server};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use yunlong_exchange::{Encoding, Format};

/// Where the console's API describes a dataset.
pub(crate) fn dataset_path(id: &str) -> Result<String, CliError> {
    dataset::path(id, "")
}

/// `yunlong hub`.
#[derive(Subcommand, Debug)]
pub enum Hub {
    /// Load a file of records into a dataset
    Import(Import),
    /// Write the records of a dataset that hold today into a file
    Export(Export),
    /// Make a synthetic city: files, or records in the datasets
    Generate(Generate),
    /// List the datasets of the catalogue
    Datasets {
        /// The platform's own answer, as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: Server,
    },
}

/// `yunlong hub import`.
///
/// A row that is refused goes into the file of errors with its line, the field and the reason; the others are
/// loaded. The exit code is 0 when all rows were loaded, 3 when some were refused. An import that was
/// interrupted goes on where it was when the same command is given again; to begin it anew, with another
/// --valid-from for example, give it up with --abandon first.
#[derive(Args, Debug)]
pub struct Import {
    /// The file: CSV with a row of names, JSON Lines, or Parquet
    file: PathBuf,
    /// The dataset's code, such as population.person
    #[arg(long, value_name = "ID")]
    dataset: String,
    /// csv, jsonl or parquet; by default what the file's name ends in
    #[arg(long)]
    format: Option<Format>,
    /// The text's encoding: utf-8, gb18030, utf-16le or utf-16be; by default it is recognized
    #[arg(long)]
    encoding: Option<Encoding>,
    /// The day from which rows hold that have no valid_from, YYYY-MM-DD; today by default
    #[arg(long, value_name = "DATE")]
    valid_from: Option<String>,
    /// Where refused rows are written down; by default FILE.errors.csv
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Go on with an import that was interrupted, and begin none
    #[arg(long)]
    resume: bool,
    /// Give up the import of this file that was interrupted, and load nothing; what it has loaded stays
    #[arg(long, conflicts_with_all = ["resume", "valid_from", "errors"])]
    abandon: bool,
    /// Rows that are sent at once
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000))]
    batch: u32,
    #[command(flatten)]
    server: Server,
}

/// `yunlong hub export`.
///
/// An export that was interrupted goes on where it was when the same command is given again
/// within a day. For an administrator of the department that provides the dataset. Each person whose record is in the file
/// reads in their log who took it, what for, and by which law.
#[derive(Args, Debug)]
pub struct Export {
    /// The dataset's code
    #[arg(long, value_name = "ID")]
    dataset: String,
    /// What the file is for
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The provision of law that it rests on; needed for a dataset about persons
    #[arg(long, value_name = "TEXT", default_value = "")]
    law: String,
    /// The file; it appears under this name when it is complete
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// csv, jsonl or parquet; by default what the file's name ends in
    #[arg(long)]
    format: Option<Format>,
    /// Only these items, in this order; by default all, with valid_from and valid_to
    #[arg(long, value_name = "ITEM,ITEM", value_delimiter = ',')]
    fields: Vec<String>,
    #[command(flatten)]
    server: Server,
}

/// `yunlong hub generate`.
///
/// Nobody in it is real and no figure is a publication: see the book. The same seed makes the same city.
/// Without --out and --load the files go into the folder samples-SEED-PEOPLE here.
#[derive(Args, Debug)]
pub struct Generate {
    /// How many people; companies, events and places in proportion
    #[arg(long, value_name = "N")]
    people: u64,
    /// What the city is drawn from
    #[arg(long, default_value_t = 320_300, value_name = "NUMBER")]
    seed: u64,
    /// Write a file for each dataset into this folder; by default samples-SEED-PEOPLE
    #[arg(long, value_name = "DIR", conflicts_with = "load")]
    out: Option<PathBuf>,
    /// csv, jsonl or parquet
    #[arg(long, default_value = "csv", conflicts_with = "load")]
    format: Format,
    /// Load the records into the platform's datasets
    #[arg(long)]
    load: bool,
    /// Only these datasets, such as population.person; by default all
    #[arg(long, value_name = "ID,ID", value_delimiter = ',')]
    dataset: Vec<String>,
    /// Rows that are sent at once
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000), requires = "load")]
    batch: u32,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(command: &Hub) -> Result<(), CliError> {
    match command {
        Hub::Import(options) => import::run(options),
        Hub::Export(options) => export::run(options),
        Hub::Generate(options) => generate::run(options),
        Hub::Datasets { json, server } => dataset::list(*json, server),
    }
}
