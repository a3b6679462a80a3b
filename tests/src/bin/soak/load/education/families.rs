//! Children who come with their guardian's consent and go when it is taken back, or the bureau erases them: what they did
//! stays counted, and nothing more of them is taken.

use super::{Class, SEATS, text};
use crate::book::Book;
use crate::load::{Actor, Dice, answer, key, next, now, posted, repeated};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_tests::Client;

/// The last seat of a class.
const LAST: u64 = 80;
/// Uses of a child.
const USES: usize = 3;

/// A family at a time.
pub(crate) struct Family {
    class: Arc<Class>,
    book: Arc<Book>,
    dice: Dice,
}

impl Actor for Family {
    async fn act(&mut self) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(500 + self.dice.below(1_000))).await;
        let (n, class) = (next().0, self.class.clone());
        let seat = SEATS + 1 + u64::from(n) % (LAST - SEATS);
        let at = usize::try_from(self.dice.below(class.guardians.len() as u64))?;
        let Some(child) = self.joins(n, seat, at).await? else { return Ok(()) };
        let uses = self.used(seat).await?;
        if self.dice.below(12) == 0 {
            // Stays to the end.
            return Ok(());
        }
        let stranger = &class.guardians[(at + 1) % class.guardians.len()];
        let path = format!("/api/children/{child}");
        if self.erased(stranger, &path).await? != 404 {
            self.book.breach(format!("a stranger took back the consent for {child}"));
        }
        self.book.note("child who may be erased", child.clone());
        let gone = if self.dice.below(2) == 0 {
            self.erased(&class.guardians[at], &path).await?
        } else {
            self.erased(&class.bureau, &format!("/api/students/{child}")).await?
        };
        // 404 says that a lost answer was one all the same.
        ensure!([200, 204, 404].contains(&gone), "{path}: {gone}");
        self.book.note("erased child", format!("{child} {at}"));
        self.book.count("children who were erased");
        self.nothing_more(seat, uses).await
    }
}

impl Family {
    pub(crate) fn start(book: &Arc<Book>, class: &Arc<Class>, dice: Dice) -> Self {
        Self { class: class.clone(), book: book.clone(), dice }
    }

    /// Takes a seat that is free: the child's number.
    async fn joins(&self, n: u32, seat: u64, guardian: usize) -> Result<Option<String>> {
        let (book, class) = (&self.book, &self.class);
        let seats = json!({"from": seat, "to": seat, "key": key(n, "seat")});
        let codes = posted(book, &class.teacher, &format!("/api/classes/{}/seat-codes", class.id), &seats).await?;
        ensure!(codes.status == 201, "createSeatCodes: {} {}", codes.status, codes.text);
        let codes = codes.json()?;
        let Some(code) = codes["items"][0]["code"].as_str() else { return Ok(None) };
        let child = json!({"code": code, "name": format!("学童 {n}"), "birth": "2016-09-01", "agrees": true});
        let joined = posted(book, &class.guardians[guardian], "/api/children", &child).await?;
        ensure!(joined.status == 201, "giveConsent: {} {}", joined.status, joined.text);
        let child = text(&joined.json()?, "id")?;
        book.note("child", child.clone());
        Ok(Some(child))
    }

    async fn used(&self, seat: u64) -> Result<Vec<Value>> {
        let one = || json!({"id": key(next().0, "child"), "seat": seat, "resource": self.class.other, "at": now(), "seconds": 7});
        let uses: Vec<Value> = (0..USES).map(|_| one()).collect();
        for sent in &uses {
            self.book.note("child's use that was sent", text(sent, "id")?);
        }
        for (id, result) in self.class.send(&self.book, &uses).await? {
            if result == "refused" {
                self.book.breach(format!("the child's use {id} was refused"));
            }
            self.book.note("child's use", id);
        }
        Ok(uses)
    }

    async fn erased(&self, who: &Client, path: &str) -> Result<u16> {
        Ok(repeated(&self.book, || who.request(Method::DELETE, path)).await?.status)
    }

    /// Neither what is known of the child nor anything new, and nobody on the list of the class.
    async fn nothing_more(&self, seat: u64, mut uses: Vec<Value>) -> Result<()> {
        let new = key(next().0, "late");
        uses.push(json!({"id": new, "seat": seat, "resource": self.class.other, "at": now(), "seconds": 7}));
        for (id, result) in self.class.send(&self.book, &uses).await? {
            if result != "refused" {
                self.book.breach(format!("the use {id} of an erased child was taken: {result}"));
            }
        }
        let path = format!("/api/classes/{}/students", self.class.id);
        let list = answer(&self.book, self.class.teacher.request(Method::GET, &path)).await?.json()?;
        let list = list["items"].as_array().context("no students")?;
        if list.iter().any(|s| s["seat"] == seat) {
            self.book.breach(format!("an erased child sits on seat {seat}"));
        }
        Ok(())
    }
}
