//! The long run behind `cargo xtask soak`: mixed load over all four apps on the real server, random SIGKILLs, and between
//! the rounds a checker that believes nothing but what the APIs show.
//!
//! A round is load, most often a SIGKILL in the middle of it, rest, and the check. The last rounds run
//! without kills: there memory and open files are sampled and must be flat after a warm-up, if there are ten minutes of
//! them. The first
//! thing that does not hold ends the run with an error.

mod book;
mod check;
mod department;
mod load;
mod operator;
mod samples;

use anyhow::{Context, Result, ensure};
use book::Book;
use std::sync::Arc;
use std::time::{Duration, Instant};
use yunlong_tests::{City, Plan};

/// The app that is bought from.
pub(crate) const APP: &str = "tourism-ticketing";
const CITIZENS: u32 = 60;
/// Load of one round.
const ROUND: Duration = Duration::from_secs(25);
/// The last part of the run, in which nothing is killed.
const STEADY: f64 = 0.4;

struct Options {
    minutes: f64,
    buyers: usize,
    seed: u64,
}

fn options() -> Result<Options> {
    let mut options = Options { minutes: 5.0, buyers: 16, seed: std::process::id().into() };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--minutes" => options.minutes = value.parse().context("--minutes")?,
            "--buyers" => options.buyers = value.parse().context("--buyers")?,
            "--seed" => options.seed = value.parse().context("--seed")?,
            other => anyhow::bail!("usage: soak [--minutes N] [--buyers N] [--seed N]: `{other}` is none of them"),
        }
    }
    ensure!(options.minutes >= 2.0 && options.buyers > 0, "a soak takes 2 minutes at least, and a buyer");
    Ok(options)
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = options()?;
    println!("soak: {} minutes, {} buyers, seed {}", options.minutes, options.buyers, options.seed);
    let (goods, finance) = (load::rural::APP, load::logistics::APP);
    let mut city = Plan::with(&[APP, goods, finance, load::education::APP, "guestbook", "ticker"])
        .citizens(CITIZENS)
        .config(finance, "sample", "false")
        // Orders of goods that nobody pays for keep their stock for a while, and one buyer may have many.
        .config(goods, "pay_minutes", "5")
        .config(goods, "max_open_orders", "1000")
        .config(goods, "group_grace_seconds", "5")
        // Settled as soon as they are confirmed.
        .config(goods, "return_days", "0")
        // What was counted is looked at after each round, not ten minutes later.
        .config(load::education::APP, "figures_minutes", "0")
        .config(APP, "hold_minutes", "1")
        // Payments that are never told keep theirs open for the whole minute.
        .config(APP, "max_open_orders", "1000")
        .config(APP, "admission_window", "\"any-time\"")
        // A small cache is full early, so that what grows afterwards is a leak. Everybody comes from one
        // address here, and two failures in a hundred sign-ins must not lock them out.
        .args(&["--demo-grants", "--demo-people", "20"])
        .args(&["-o", "store.cache_mib=32", "-o", "limits.sign_in_failures_per_client=10000"])
        .start()
        .await?;
    let book = Arc::new(Book::default());
    let started = Instant::now();
    let outcome = run(&options, &mut city, &book, started).await;
    println!("\n{}", book.report(started.elapsed()));
    if outcome.is_err() {
        let log = city.log();
        println!("the last lines of the server's log:\n{}", log[log.len().saturating_sub(40)..].join("\n"));
    }
    outcome
}

async fn run(options: &Options, city: &mut City, book: &Arc<Book>, started: Instant) -> Result<()> {
    let whole = Duration::from_secs_f64(options.minutes * 60.0);
    let mut dice = load::Dice::new(options.seed);
    let tokens = city.tokens((1..=CITIZENS).map(|n| format!("citizen-{n:03}"))).await?;
    let stage = load::Stage::set(city, &tokens).await.context("before the load")?;
    let mut round = 0;
    while started.elapsed() < whole.mul_f64(1.0 - STEADY) {
        round += 1;
        let kills = if dice.below(4) == 0 { 0 } else { 1 + dice.below(2) };
        disturbed(options, city, book, (&stage, &tokens), &mut dice, kills, true).await?;
        check::everything(city, book, &stage, &tokens).await.with_context(|| format!("round {round}"))?;
        println!("round {round}: {kills} kills, {}", book.line());
    }
    // The same process from here to the end.
    city.restart().await?;
    let sampler = samples::Sampler::start(city.pid().context("the server is gone")?);
    // One such round at least, however long the others took.
    loop {
        round += 1;
        // Each release that was in charge stays installed, which would count as a leak here.
        disturbed(options, city, book, (&stage, &tokens), &mut dice, 0, false).await?;
        check::everything(city, book, &stage, &tokens).await.with_context(|| format!("round {round}"))?;
        println!("round {round}: undisturbed, {}; {}", book.line(), sampler.line());
        if started.elapsed() >= whole {
            break;
        }
    }
    let undone = book.undone();
    ensure!(undone.is_empty(), "nobody came to these in the whole run: {}", undone.join("; "));
    let verdict = sampler.finish().await?;
    println!("{verdict}");
    city.stop().await.context("the end")?;
    Ok(())
}

/// One round of load, with kills at random moments of it.
async fn disturbed(
    options: &Options,
    city: &mut City,
    book: &Arc<Book>,
    people: (&load::Stage, &[String]),
    dice: &mut load::Dice,
    kills: u64,
    upgrades: bool,
) -> Result<()> {
    book.is_steady(kills == 0 && !upgrades);
    let load = load::Load::start(city, book, people, options.buyers, upgrades, dice.below(u64::MAX)).await?;
    let end = Instant::now() + ROUND;
    for left in (0..kills).rev() {
        let share = ROUND.as_millis() as u64 / (kills + 1);
        tokio::time::sleep(Duration::from_millis(share / 2 + dice.below(share))).await;
        city.kill();
        book.count("kills");
        // A server that is killed while it recovers must recover all the same.
        if left == 0 && dice.below(3) == 0 {
            let mut half = tokio::time::timeout(Duration::from_millis(dice.below(400)), city.restart()).await;
            if half.is_err() {
                book.count("kills");
                half = Ok(city.restart().await);
            }
            half??;
        } else {
            city.restart().await?;
        }
    }
    tokio::time::sleep(end.saturating_duration_since(Instant::now())).await;
    load.stop().await;
    Ok(())
}
