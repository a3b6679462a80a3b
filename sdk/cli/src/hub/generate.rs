//! `yunlong hub generate`.

use super::Generate;
use super::batches::{Batches, Source};
use super::dataset::kind;
use super::export::unwritable;
use super::import::tell;
use super::load::{Load, Summary};
use super::progress::{Progress, rows, time};
use crate::CliError;
use crate::client::Client;
use crate::terminal::{lang, say};
use std::path::{Path, PathBuf};
use yunlong_exchange::{Columns, Format, Line, Writer};
use yunlong_samples::{City, DATASETS, Rows};

pub(crate) fn run(options: &Generate) -> Result<(), CliError> {
    let city = City::new(options.seed, options.people)
        .map_err(|e| CliError::usage(e.to_string(), lang().pick("用 --people 写少一些", "give fewer with --people")))?;
    let wanted = wanted(&options.dataset)?;
    if options.load {
        return load(&city, &wanted, options);
    }
    let folder = options.out.clone().unwrap_or_else(|| default_folder(options));
    eprintln!("{} {}", lang().pick("写入文件夹", "writing into the folder"), folder.display());
    files(&city, &wanted, &folder, options.format)
}

/// The same options make the same files, so that what is there already is no other city's.
fn default_folder(options: &Generate) -> PathBuf {
    PathBuf::from(format!("samples-{}-{}", options.seed, options.people))
}

fn wanted(named: &[String]) -> Result<Vec<&'static str>, CliError> {
    if let Some(unknown) = named.iter().find(|n| !DATASETS.contains(&n.as_str())) {
        let known = DATASETS.join(", ");
        return Err(CliError::told(
            (format!("没有“{unknown}”的样例数据"), format!("there are no samples for `{unknown}`")),
            (format!("有样例数据的：{known}"), format!("there are for {known}")),
        ));
    }
    Ok(DATASETS.into_iter().filter(|d| named.is_empty() || named.iter().any(|n| n == d)).collect())
}

/// The columns of a dataset's samples.
fn columns(dataset: &str) -> Columns {
    yunlong_samples::items(dataset).iter().fold(Columns::new(), |columns, (name, of)| columns.with(*name, kind(of)))
}

fn sample(city: &City, dataset: &'static str) -> Sample {
    // Only datasets that there are samples for get here.
    let rows = city.rows(dataset).unwrap_or_else(|| Box::new(std::iter::empty()));
    Sample { rows, row: 0, total: city.count(dataset) }
}

fn files(city: &City, wanted: &[&'static str], folder: &Path, format: Format) -> Result<(), CliError> {
    std::fs::create_dir_all(folder).map_err(CliError::io(folder.display()))?;
    for dataset in wanted {
        let path = folder.join(format!("{dataset}.{format}"));
        let mut writer = Writer::create(&path, format, columns(dataset)).map_err(unwritable(&path))?;
        let mut progress = Progress::new(dataset);
        let sample = sample(city, dataset);
        let total = sample.total;
        for (n, row) in (1_u64..).zip(sample.rows) {
            writer.write(&row).map_err(unwritable(&path))?;
            if n.is_multiple_of(1_000) {
                progress.at((n, total), n);
            }
        }
        let count = writer.finish().map_err(unwritable(&path))?;
        let (shown, written, took) = (path.display(), rows(count), time(progress.end()));
        say!("{}", lang().pick(&format!("{shown}：{written}，用时 {took}"), &format!("{shown}: {written} in {took}")))?;
    }
    Ok(())
}

fn load(city: &City, wanted: &[&'static str], options: &Generate) -> Result<(), CliError> {
    let client = Client::signed_in(&options.server)?;
    let Generate { people, seed, batch, .. } = options;
    let mut whole = Summary::default();
    let mut refused_into = PathBuf::new();
    for dataset in wanted {
        let errors = PathBuf::from(format!("{dataset}.samples.errors.csv"));
        let load = Load {
            client: &client,
            dataset,
            file: &format!("samples-{seed}-{people}"),
            size: city.count(dataset),
            fingerprint: format!("samples/{}/{seed}/{people}/{batch}", env!("CARGO_PKG_VERSION")),
            // Long ago enough for whatever is asked of the past.
            valid_from: Some("2015-01-01"),
            errors: &errors,
            only_resume: false,
        };
        let summary = load.run(|| Ok(Batches::new(sample(city, dataset), *batch, true)))?;
        whole.read += summary.read;
        whole.loaded += summary.loaded;
        whole.unchanged += summary.unchanged;
        whole.refused += summary.refused;
        if summary.refused > 0 {
            refused_into = errors;
        }
    }
    tell(&whole, &refused_into)
}

/// Rows of a synthetic city as the lines of a file.
struct Sample {
    rows: Rows<'static>,
    row: u64,
    total: u64,
}

impl Iterator for Sample {
    type Item = Result<Line, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.rows.next()?;
        self.row += 1;
        Some(Ok(Line { number: self.row, content: Ok(record) }))
    }
}

impl Source for Sample {
    fn at(&self) -> (u64, u64) {
        (self.row, self.total)
    }
}
