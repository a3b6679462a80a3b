//! The people of `host/hub/examples/load.rs` in SQLite or PostgreSQL: the same rows, batches, indexes, reads
//! and queries, for `cargo xtask bench-hub`.
//!
//! `hub-load sqlite PEOPLE FILE` or `hub-load postgres PEOPLE CONNECTION` prints one line of JSON with the
//! figures. Both engines keep the plain rows with one version each: what Yunlong does besides (sealing,
//! validation, provenance, index values that are hashed, rows of changes, counters) they are spared. Both
//! sync each commit, as Yunlong does.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use yunlong_samples::{City, Row};

const DATASET: &str = "population.person";
const BATCH: usize = 2_000;
const MEASURED: Duration = Duration::from_secs(5);
const COLUMNS: [&str; 11] = [
    "resident_id",
    "name",
    "sex",
    "birth_date",
    "ethnicity",
    "division",
    "address",
    "household",
    "relation",
    "mobile",
    "status",
];

/// What is measured of an engine.
trait Engine {
    fn insert(&mut self, batch: &[Row]) -> Result<()>;
    fn get(&mut self, key: &str) -> Result<bool>;
    /// At most 20 people of a division.
    fn query(&mut self, division: &str) -> Result<usize>;
    fn bytes(&mut self) -> Result<u64>;
}

fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column).and_then(Value::as_str)
}

fn schema(integer: &str) -> String {
    let columns: Vec<String> =
        COLUMNS.iter().map(|c| format!("{c} text{}", if *c == "resident_id" { " primary key" } else { "" })).collect();
    format!(
        "create table person ({}, version {integer} not null, valid_from text not null, valid_to text);
         create index person_division on person (division);
         create index person_household on person (household);
         create index person_birth_date on person (birth_date);",
        columns.join(", ")
    )
}

struct Sqlite(rusqlite::Connection, std::path::PathBuf);

impl Sqlite {
    fn open(file: &str) -> Result<Self> {
        let connection = rusqlite::Connection::open(file)?;
        connection
            .execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -524288;")?;
        connection.execute_batch(&schema("integer"))?;
        Ok(Self(connection, file.into()))
    }
}

impl Engine for Sqlite {
    fn insert(&mut self, batch: &[Row]) -> Result<()> {
        let transaction = self.0.transaction()?;
        {
            let places = vec!["?"; COLUMNS.len()].join(", ");
            let sql = format!("insert into person values ({places}, 1, '2025-12-31', null)");
            let mut insert = transaction.prepare_cached(&sql)?;
            for row in batch {
                insert.execute(rusqlite::params_from_iter(COLUMNS.iter().map(|c| text(row, c))))?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn get(&mut self, key: &str) -> Result<bool> {
        let mut get = self.0.prepare_cached("select * from person where resident_id = ?")?;
        let mut rows = get.query([key])?;
        match rows.next()? {
            // All of it is read, as the hub does.
            Some(row) => Ok((0..COLUMNS.len()).all(|n| row.get::<_, Option<String>>(n).is_ok())),
            None => Ok(false),
        }
    }

    fn query(&mut self, division: &str) -> Result<usize> {
        let mut find = self.0.prepare_cached("select * from person where division = ? limit 20")?;
        let mut rows = find.query([division])?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            found += usize::from((0..COLUMNS.len()).all(|n| row.get::<_, Option<String>>(n).is_ok()));
        }
        Ok(found)
    }

    fn bytes(&mut self) -> Result<u64> {
        self.0.execute_batch("pragma wal_checkpoint(truncate)")?;
        Ok(std::fs::metadata(&self.1)?.len())
    }
}

struct Postgres {
    client: postgres::Client,
    insert: postgres::Statement,
    get: postgres::Statement,
    find: postgres::Statement,
}

impl Postgres {
    fn open(connection: &str) -> Result<Self> {
        let mut client = postgres::Client::connect(connection, postgres::NoTls)?;
        client.batch_execute("drop table if exists person")?;
        client.batch_execute(&schema("bigint"))?;
        let arrays: Vec<String> = (1..=COLUMNS.len()).map(|n| format!("${n}::text[]")).collect();
        let insert =
            format!("insert into person select u.*, 1, '2025-12-31', null from unnest({}) as u", arrays.join(", "));
        Ok(Self {
            insert: client.prepare(&insert)?,
            get: client.prepare("select * from person where resident_id = $1")?,
            find: client.prepare("select * from person where division = $1 limit 20")?,
            client,
        })
    }
}

fn is_whole(row: &postgres::Row) -> bool {
    (0..COLUMNS.len()).all(|n| row.try_get::<_, Option<&str>>(n).is_ok())
}

impl Engine for Postgres {
    fn insert(&mut self, batch: &[Row]) -> Result<()> {
        let columns: Vec<Vec<Option<&str>>> =
            COLUMNS.iter().map(|c| batch.iter().map(|row| text(row, c)).collect()).collect();
        let parameters: Vec<&(dyn postgres::types::ToSql + Sync)> = columns.iter().map(|c| c as _).collect();
        self.client.execute(&self.insert, &parameters)?;
        Ok(())
    }

    fn get(&mut self, key: &str) -> Result<bool> {
        Ok(self.client.query_opt(&self.get, &[&key])?.is_some_and(|row| is_whole(&row)))
    }

    fn query(&mut self, division: &str) -> Result<usize> {
        Ok(self.client.query(&self.find, &[&division])?.iter().filter(|row| is_whole(row)).count())
    }

    fn bytes(&mut self) -> Result<u64> {
        self.client.batch_execute("vacuum analyze person")?;
        let row = self.client.query_one("select pg_total_relation_size('person')", &[])?;
        Ok(u64::try_from(row.get::<_, i64>(0))?)
    }
}

fn rate(mut call: impl FnMut(u64) -> Result<()>) -> Result<f64> {
    let (start, mut n) = (Instant::now(), 0_u64);
    while start.elapsed() < MEASURED {
        for _ in 0..16 {
            call(n)?;
            n += 1;
        }
    }
    Ok(n as f64 / start.elapsed().as_secs_f64())
}

/// The walk over the people of `host/hub/examples/load.rs`.
fn walk(n: u64, people: usize) -> usize {
    let next = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(next >> 33).unwrap_or(0) % people
}

fn measure(name: &str, people: u64, engine: &mut dyn Engine) -> Result<Value> {
    let city = City::new(1, people)?;
    let mut rows = city.rows(DATASET).context("people")?;
    let start = Instant::now();
    loop {
        let batch: Vec<Row> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        engine.insert(&batch)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let rows: Vec<Row> = city.rows(DATASET).context("people")?.collect();
    let of = |n: u64, column: &str| text(&rows[walk(n, rows.len())], column).unwrap_or_default().to_owned();
    let gets = rate(|n| if engine.get(&of(n, "resident_id"))? { Ok(()) } else { bail!("a person is missing") })?;
    let queries = rate(|n| if engine.query(&of(n, "division"))? > 0 { Ok(()) } else { bail!("nobody is found") })?;
    Ok(json!({
        "engine": name, "people": people, "load_seconds": seconds, "rows_per_second": people as f64 / seconds,
        "bytes_per_row": engine.bytes()? / people, "gets_per_second": gets, "queries_per_second": queries,
    }))
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, people, place] = arguments.as_slice() else {
        bail!("usage: hub-load sqlite PEOPLE FILE | hub-load postgres PEOPLE CONNECTION");
    };
    let people = people.parse().context("PEOPLE is a number")?;
    let figures = match engine.as_str() {
        "sqlite" => measure("sqlite", people, &mut Sqlite::open(place)?)?,
        "postgres" => measure("postgres", people, &mut Postgres::open(place)?)?,
        other => bail!("no such engine: {other}"),
    };
    println!("{figures}");
    Ok(())
}
