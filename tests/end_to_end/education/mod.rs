//! Education resources: a bureau, schools, teachers and guardians as programs that speak HTTP to the real server. The
//! app is the one that is written in TypeScript.

mod captions;
mod edges;
mod figures;
mod files;
mod lapses;
mod races;
mod rooms;
mod schools;
mod uses;
mod works;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use yunlong_tests::{Answer, City, Client, Plan, upload};

const APP: &str = "education-resources";
/// A unit of the curriculum, and where a resource stands.
const UNIT: &str = "primary.math.3.1.e1.1";

/// The app in a city of its own.
struct Schools {
    city: City,
    bureau: Client,
}

async fn answered(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
    let a = client.send(method.clone(), path, body).await?;
    ensure!((200..300).contains(&a.status), "{method} {path}: {} {}", a.status, a.text);
    if a.text.is_empty() { Ok(Value::Null) } else { a.json() }
}

async fn made(client: &Client, path: &str, body: &Value) -> Result<Value> {
    answered(client, Method::POST, path, Some(body)).await
}

/// A call that must be refused for what it asks; the kind of its problem.
async fn refused(client: &Client, path: &str, body: &Value) -> Result<String> {
    let a = client.post(path, body).await?;
    ensure!([403, 409].contains(&a.status), "{path}: {} {}", a.status, a.text);
    let kind = text(&a.problem(a.status)?, "type")?;
    Ok(kind.rsplit(':').next().unwrap_or_default().to_owned())
}

async fn seen(client: &Client, path: &str) -> Result<Value> {
    answered(client, Method::GET, path, None).await
}

fn text(of: &Value, name: &str) -> Result<String> {
    Ok(of[name].as_str().with_context(|| format!("no {name}: {of}"))?.to_owned())
}

/// The number of a school, from 1 on.
fn school(n: u32) -> String {
    format!("213200010{n}")
}

impl Schools {
    /// So many schools: the first three in 铜山, the others in 睢宁.
    async fn open(schools: u32) -> Result<Self> {
        // One day verifies, where nothing is said of days.
        Self::verified_after(1, schools).await
    }

    /// The same, where a link is verified by probes of so many days.
    async fn verified_after(days: u32, schools: u32) -> Result<Self> {
        // Figures are computed at each look.
        let plan = Plan::with(&[APP]).config(APP, "verify_days", &days.to_string()).config(APP, "figures_minutes", "0");
        let city = plan.start_copied().await?;
        let bureau = city.signed_in(APP, "education-admin").await?;
        let all = Self { city, bureau };
        for n in 1..=schools {
            all.add(n, if n < 4 { "320312102" } else { "320324109" }).await?;
        }
        Ok(all)
    }

    async fn add(&self, n: u32, division: &str) -> Result<()> {
        self.enter(n, &json!({ "division": division })).await
    }

    /// A rural primary school in 铜山, but for what `of` says.
    async fn enter(&self, n: u32, of: &Value) -> Result<()> {
        let mut new = json!({
            "id": school(n), "name": format!("第 {n} 所小学"), "division": "320312102", "setting": "rural",
            "kind": "primary", "bandwidth": 20, "pupils": 100, "from": "2020-09-01",
        });
        for (name, value) in of.as_object().into_iter().flatten() {
            new[name] = value.clone();
        }
        made(&self.bureau, "/api/schools", &new).await?;
        Ok(())
    }

    /// Gives an account these roles of the app.
    async fn holds(&self, account: &str, roles: &[&str]) -> Result<()> {
        let console = self.city.signed_in("console", "education-admin").await?;
        let path = format!("/api/v1/installations/{APP}/roles");
        answered(&console, Method::PUT, &path, Some(&json!({"account": account, "roles": roles}))).await?;
        Ok(())
    }

    /// Somebody of the department, in a post at a school or county.
    async fn posted(&self, account: &str, kind: &str, at: &str) -> Result<Client> {
        let who = self.city.signed_in(APP, account).await?;
        let path = format!("/api/places/{at}/invitations");
        let code = made(&self.bureau, &path, &json!({ "kind": kind })).await?;
        made(&who, "/api/posts", &json!({"code": code["code"]})).await?;
        Ok(who)
    }

    /// The curriculum down to a unit.
    async fn curriculum(&self) -> Result<()> {
        let mut parent = String::new();
        for code in UNIT.split('.') {
            let node = json!({"parent": parent, "code": code, "zh": format!("节点 {code}"), "en": format!("Node {code}"), "order": 1});
            made(&self.bureau, "/api/curriculum", &node).await?;
            parent = if parent.is_empty() { code.to_owned() } else { format!("{parent}.{code}") };
        }
        Ok(())
    }
}

/// Everything that a resource needs.
fn metadata(node: &str) -> Value {
    json!({
        "title": "分数的初步认识", "keywords": ["分数"], "stage": "primary", "subject": "math", "type": "courseware",
        "audience": ["learner"], "author": "三年级备课组", "copyright": "第 1 所小学", "licence": "cc-by-4.0",
        "language": "zh-CN", "node": node,
    })
}
