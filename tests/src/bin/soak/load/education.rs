//! Education: a class whose device sends its pupils' uses of a resource, again and again and twice at once, as after a
//! network that comes and goes.

mod families;
mod works;

pub(crate) use families::Family;
pub(crate) use works::{Author, WORK};

use super::{Actor, Dice, key, made, next, now, posted};
use crate::book::Book;
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_tests::{City, Client, upload};

pub(crate) const APP: &str = "education-resources";
const SCHOOL: &str = "2132000101";
/// A unit of the curriculum, and where the resource stands.
const UNIT: &str = "primary.math.3.1.e1.1";
/// Pupils, each with a guardian of their own.
pub(crate) const SEATS: u64 = 24;
/// Uses that are sent at once.
const BATCH: u64 = 12;

/// A class with its teacher and the resource that it uses.
pub(crate) struct Class {
    pub(crate) teacher: Client,
    pub(crate) id: String,
    pub(crate) resource: String,
    /// What children use whose guardians take their consent back.
    pub(crate) other: String,
    pub(crate) anybody: Client,
    pub(crate) guardians: Vec<Client>,
    /// The month in which it began, `YYYY-MM`.
    pub(crate) month: String,
    bureau: Client,
    /// The school's reviewer, and the county's.
    reviewers: [Client; 2],
}

fn text(of: &Value, name: &str) -> Result<String> {
    Ok(of[name].as_str().with_context(|| format!("no {name}: {of}"))?.to_owned())
}

/// Somebody of the department, in a post at a school or county.
async fn posted_at(city: &City, bureau: &Client, account: &str, kind: &str, at: &str) -> Result<Client> {
    let who = city.signed_in(APP, account).await?;
    let path = format!("/api/places/{at}/invitations");
    let code = made(bureau, Method::POST, &path, &json!({ "kind": kind })).await?;
    made(&who, Method::POST, "/api/posts", &json!({"code": code["code"]})).await?;
    Ok(who)
}

async fn curriculum(bureau: &Client) -> Result<()> {
    let mut parent = String::new();
    for code in UNIT.split('.') {
        let node = json!({"parent": parent, "code": code, "zh": format!("节点 {code}"), "en": format!("Node {code}"), "order": 1});
        made(bureau, Method::POST, "/api/curriculum", &node).await?;
        parent = if parent.is_empty() { code.to_owned() } else { format!("{parent}.{code}") };
    }
    Ok(())
}

/// A teacher's draft with a file of these words; its number.
async fn draft(teacher: &Client, words: &str) -> Result<String> {
    let fields = [
        ("title", "分数的初步认识"),
        ("stage", "primary"),
        ("subject", "math"),
        ("type", "courseware"),
        ("author", "三年级备课组"),
        ("copyright", "第 1 所小学"),
        ("licence", "cc-by-4.0"),
        ("language", "zh-CN"),
        ("node", UNIT),
        ("keywords", "分数"),
        ("audience", "learner"),
        ("does", "save"),
    ];
    let sent = upload(teacher, "/mine/new", ("练习.txt", words.as_bytes()), &fields).await?;
    ensure!(sent.status == 303, "{} {}", sent.status, sent.text);
    Ok(sent.header("location").strip_prefix("/works/").context("no work")?.to_owned())
}

/// A teacher's resource, passed by two reviewers; its number.
async fn published(teacher: &Client, [school, county]: &[Client; 2], words: &str) -> Result<String> {
    let work = draft(teacher, words).await?;
    let path = |step: &str| format!("/api/works/{work}/{step}");
    made(teacher, Method::POST, &path("submit"), &json!({})).await?;
    for (who, level) in [(school, "school"), (county, "county")] {
        made(who, Method::POST, &path("reviews"), &json!({"level": level, "passed": true})).await?;
    }
    made(county, Method::POST, &path("publish"), &json!({})).await?;
    Ok(work)
}

impl Class {
    pub(crate) async fn open(city: &City, tokens: &[String]) -> Result<Self> {
        let bureau = city.signed_in(APP, "education-admin").await?;
        let new = json!({
            "id": SCHOOL, "name": "第 1 所小学", "division": "320312102", "setting": "rural", "kind": "primary",
            "bandwidth": 20, "pupils": 100, "from": "2020-09-01",
        });
        made(&bureau, Method::POST, "/api/schools", &new).await?;
        let teacher = posted_at(city, &bureau, "teacher-1", "teacher", SCHOOL).await?;
        curriculum(&bureau).await?;
        let reviewers = [
            posted_at(city, &bureau, "school-2", "reviewer", SCHOOL).await?,
            posted_at(city, &bureau, "education-county-1", "county", "320312").await?,
        ];
        let resource = published(&teacher, &reviewers, "一半和四分之一").await?;
        let other = published(&teacher, &reviewers, "三分之一").await?;
        let new = json!({"name": "三（1）班", "grade": 3, "year": 2025});
        let class = text(&made(&bureau, Method::POST, &format!("/api/schools/{SCHOOL}/classes"), &new).await?, "id")?;
        let post = teacher.get("/api/posts").await?.json()?;
        let post = json!({"post": post["items"][0]["id"]});
        made(&bureau, Method::PUT, &format!("/api/classes/{class}/teacher"), &post).await?;
        let seats = json!({"from": 1, "to": SEATS});
        let codes = made(&teacher, Method::POST, &format!("/api/classes/{class}/seat-codes"), &seats).await?;
        let codes = codes["items"].as_array().context("no codes")?.clone();
        ensure!(codes.len() as u64 == SEATS && tokens.len() >= codes.len(), "{codes:?}");
        let anybody = city.client(APP)?;
        let guardians: Vec<Client> = tokens.iter().map(|t| anybody.with_token(t.clone())).collect();
        for (n, code) in codes.iter().enumerate() {
            let child =
                json!({"code": code["code"], "name": format!("学生 {n}"), "birth": "2016-09-01", "agrees": true});
            made(&guardians[n], Method::POST, "/api/children", &child).await?;
        }
        let month = yunlong_tests::day(0).get(..7).context("no month")?.to_owned();
        Ok(Self { teacher, id: class, resource, other, anybody, guardians, month, bureau, reviewers })
    }

    /// Sends uses until they are taken; what became of each.
    pub(crate) async fn send(&self, book: &Book, uses: &[Value]) -> Result<Vec<(String, String)>> {
        let (path, body) = (format!("/api/classes/{}/uses", self.id), json!({"client": "Mozilla/5.0", "uses": uses}));
        let taken = posted(book, &self.teacher, &path, &body).await?;
        ensure!(taken.status == 200, "{path}: {} {}", taken.status, taken.text);
        let taken = taken.json()?;
        let items = taken["items"].as_array().context("no items")?;
        ensure!(items.len() == uses.len(), "{} uses were sent, {} answered: {taken}", uses.len(), items.len());
        items.iter().map(|i| Ok((text(i, "id")?, text(i, "result")?))).collect()
    }
}

/// The class's device.
pub(crate) struct Device {
    class: Arc<Class>,
    book: Arc<Book>,
    dice: Dice,
}

impl Device {
    pub(crate) fn start(book: &Arc<Book>, class: &Arc<Class>, dice: Dice) -> Self {
        Self { class: class.clone(), book: book.clone(), dice }
    }
}

impl Actor for Device {
    async fn act(&mut self) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(500 + self.dice.below(1_500))).await;
        let uses: Vec<Value> = (0..BATCH)
            .map(|_| {
                let seat = 1 + self.dice.below(SEATS);
                json!({"id": key(next().0, "use"), "seat": seat, "resource": self.class.resource, "at": now(), "seconds": 5})
            })
            .collect();
        uses.iter().for_each(|u| self.book.uses(u));
        let send = || self.class.send(&self.book, &uses);
        let (first, second) = if self.dice.below(3) == 0 {
            let (first, second) = tokio::join!(send(), send());
            (first?, second?)
        } else {
            (send().await?, if self.dice.below(3) == 0 { send().await? } else { Vec::new() })
        };
        let mut news = std::collections::BTreeMap::new();
        for (use_id, result) in first.into_iter().chain(second) {
            if result == "refused" {
                self.book.breach(format!("the use {use_id} was refused"));
            }
            // A lost answer makes the repetition the only one that is heard, so `again` alone says nothing.
            let new = news.entry(use_id.clone()).or_insert(0);
            *new += u32::from(result != "again");
            if *new > 1 {
                self.book.breach(format!("the use {use_id} was new twice"));
            }
            self.book.used(&use_id);
            self.book.count("uses that were acknowledged");
        }
        Ok(())
    }
}
