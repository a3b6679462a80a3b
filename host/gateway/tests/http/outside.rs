//! Signing in with an outside provider: one that is honest, one that lies in every way, one that is
//! down. (The certified `oidc-provider` signs somebody in in the browser tests.)

use crate::platform::*;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get as on_get, post as on_post};
use data_encoding::BASE64URL_NOPAD;
use http::StatusCode;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use yunlong_gateway::{ClaimNames, GatewayConfig, OutsideProvider, Trusted};
use yunlong_model::{Clock as _, Text};

/// A provider whose next answers a test chooses.
struct Fake {
    issuer: String,
    state: Mutex<Script>,
}

struct Script {
    key: SigningKey,
    kid: String,
    /// What the next ID token says beside the honest claims; `null` takes a claim away.
    claims: Value,
    header: Value,
    /// What signs, when it is not the published key.
    forger: Option<SigningKey>,
    userinfo: Value,
    discovery: Value,
    nonce: String,
    challenge: String,
    now: i64,
    keys_asked: u32,
    token_status: u16,
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_slice(&[n; 32]).unwrap()
}

fn jwk(key: &SigningKey, kid: &str) -> Value {
    let point = key.verifying_key().to_sec1_point(false);
    let part = |range: std::ops::Range<usize>| BASE64URL_NOPAD.encode(&point.as_bytes()[range]);
    json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": part(1..33), "y": part(33..65)})
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

impl Fake {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let script = Script {
            key: key(1),
            kid: "one".into(),
            claims: json!({}),
            header: json!({}),
            forger: None,
            userinfo: json!({"sub": "person-1"}),
            discovery: json!({}),
            nonce: String::new(),
            challenge: String::new(),
            now: 0,
            keys_asked: 0,
            token_status: 200,
        };
        let fake = Arc::new(Self { issuer, state: Mutex::new(script) });
        let json_of = |value: Value| ([("content-type", "application/json")], value.to_string());
        let routes = axum::Router::new()
            .route(
                "/.well-known/openid-configuration",
                on_get(move |State(f): State<Arc<Self>>| async move { json_of(f.discovery()) }),
            )
            .route(
                "/jwks",
                on_get(move |State(f): State<Arc<Self>>| async move {
                    let mut s = f.state.lock();
                    s.keys_asked += 1;
                    json_of(json!({"keys": [jwk(&s.key, &s.kid)]}))
                }),
            )
            .route(
                "/token",
                on_post(move |State(f): State<Arc<Self>>, body: String| async move {
                    let (status, answer) = f.token(&body);
                    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], answer.to_string())
                }),
            )
            .route(
                "/userinfo",
                on_get(move |State(f): State<Arc<Self>>| async move { json_of(f.state.lock().userinfo.clone()) }),
            )
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        fake
    }

    fn discovery(&self) -> Value {
        let mut document = json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{}/auth", self.issuer),
            "token_endpoint": format!("{}/token", self.issuer),
            "jwks_uri": format!("{}/jwks", self.issuer),
            "userinfo_endpoint": format!("{}/userinfo", self.issuer),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        merge(&mut document, &self.state.lock().discovery);
        document
    }

    /// Checks the verifier of PKCE as a provider must, and signs what the script says.
    fn token(&self, body: &str) -> (u16, Value) {
        let s = self.state.lock();
        let form: HashMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let hash = BASE64URL_NOPAD.encode(&sha2_of(form["code_verifier"].as_bytes()));
        if s.token_status != 200 || hash != s.challenge {
            return (400, json!({"error": "invalid_grant"}));
        }
        let seconds = s.now / 1000;
        let mut claims = json!({
            "iss": self.issuer, "sub": "person-1", "aud": "yunlong", "nonce": s.nonce,
            "iat": seconds, "exp": seconds + 300,
        });
        merge(&mut claims, &s.claims);
        let mut header = json!({"alg": "ES256", "kid": s.kid});
        merge(&mut header, &s.header);
        let encode = |v: &Value| BASE64URL_NOPAD.encode(v.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature: Signature = s.forger.as_ref().unwrap_or(&s.key).sign(signed.as_bytes());
        let signature =
            if header["alg"] == "none" { String::new() } else { BASE64URL_NOPAD.encode(&signature.to_bytes()) };
        let token = format!("{signed}.{signature}");
        (200, json!({"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": token}))
    }

    fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.state.lock());
    }
}

fn sha2_of(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}

fn provider(issuer: &str, trusted: Trusted) -> OutsideProvider {
    OutsideProvider {
        name: "province".into(),
        title: Text { zh: "省政务服务网".into(), en: "The province's services".into() },
        issuer: issuer.into(),
        client_id: "yunlong".into(),
        client_secret: Some("hush".into()),
        ca: None,
        scopes: vec!["profile".into()],
        claims: ClaimNames::default(),
        trusted,
    }
}

async fn platform(fake: &Fake, trusted: Trusted) -> Platform {
    let config = GatewayConfig { providers: vec![provider(&fake.issuer, trusted)], ..GatewayConfig::default() };
    Platform::empty(config, "http://localhost:8080").await
}

/// The way to the provider: the cookie that keeps the state, and the state.
async fn leave(p: &Platform, fake: &Fake, path: &str) -> (String, String) {
    let answer = p.get(PORTAL, path).await;
    on_the_way(p, fake, &answer, &answer.location()).0
}

/// The same, to link an account: the password, then a page that leads there.
async fn leave_to_link(p: &Platform, fake: &Fake, cookie: &str) -> (String, String) {
    let answer = link(p, cookie, PASSWORD).await;
    let text = answer.text();
    let address = text.split("href=\"").find(|a| a.starts_with(&fake.issuer)).unwrap().split('"').next().unwrap();
    let (kept, query) = on_the_way(p, fake, &answer, &address.replace("&amp;", "&"));
    assert_eq!(query["prompt"], "login", "the browser may be signed in there as somebody else");
    kept
}

async fn link(p: &Platform, cookie: &str, password: &str) -> Answered {
    let form = format!("password={}", password.replace(' ', "+"));
    p.send(form_post(PORTAL, "/account/link/province").header("cookie", cookie).body(form.into()).unwrap()).await
}

fn on_the_way(
    p: &Platform,
    fake: &Fake,
    answer: &Answered,
    address: &str,
) -> ((String, String), HashMap<String, String>) {
    let address = url::Url::parse(address).unwrap();
    let query: HashMap<_, _> = address.query_pairs().into_owned().collect();
    assert_eq!((query["response_type"].as_str(), query["code_challenge_method"].as_str()), ("code", "S256"));
    assert_eq!(query["redirect_uri"], "http://localhost:8080/sign-in/callback/province");
    fake.script(|s| {
        s.nonce.clone_from(&query["nonce"]);
        s.challenge.clone_from(&query["code_challenge"]);
        s.now = p.clock.now().0;
    });
    ((answer.cookie("provider").unwrap(), query["state"].clone()), query)
}

async fn come_back(p: &Platform, cookies: &str, query: &str) -> Answered {
    let request = get(PORTAL, &format!("/sign-in/callback/province?{query}")).header("cookie", cookies);
    p.send(request.body(Body::empty()).unwrap()).await
}

/// The whole way.
async fn sign_in(p: &Platform, fake: &Fake) -> Answered {
    let (cookie, state) = leave(p, fake, "/sign-in/with/province?return=/orders").await;
    come_back(p, &cookie, &format!("code=c&state={state}")).await
}

async fn accounts(p: &Platform) -> usize {
    p.identity.accounts(None, 100).await.unwrap().len()
}

/// How a provider's answers are changed.
type Lie = Box<dyn Fn(&mut Script)>;

#[tokio::test]
async fn the_first_sign_in_opens_a_citizens_account_and_the_next_finds_it() {
    let fake = Fake::start().await;
    let p = platform(&fake, Trusted { real_name: true, ..Trusted::default() }).await;
    let page = p.send(get(PORTAL, "/sign-in").header("accept-language", "en").body(Body::empty()).unwrap()).await;
    assert!(
        page.text().contains("/sign-in/with/province?return=/") && page.text().contains("The province&#39;s")
            || page.text().contains("The province's")
    );
    fake.script(|s| s.userinfo = json!({"sub": "person-1", "name": "王五", "resident_id": "320311199001019995"}));
    let before = accounts(&p).await;
    let done = sign_in(&p, &fake).await;
    assert_eq!(done.location(), "/orders", "{}", done.text());
    let session = done.cookie("session").unwrap();
    assert_eq!(accounts(&p).await, before + 1);
    sign_in(&p, &fake).await;
    assert_eq!(accounts(&p).await, before + 1, "the same person");
    let account = p.send(get(PORTAL, "/account").header("cookie", &session).body(Body::empty()).unwrap()).await.text();
    assert!(account.contains("王五"), "the issuer is trusted for the name");
    assert!(!account.contains("9995") && !account.contains("3203"), "and for nothing else");
    let (app, _) = p.sign_on(&session, CONSOLE, "/").await;
    let refused = p.send(get(CONSOLE, "/").header("cookie", app).body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "a citizen, and no more");
}

#[tokio::test]
async fn a_provider_that_lies_signs_nobody_in_and_leaves_nothing_behind() {
    let now = 1_790_000_000_i64;
    let lies: Vec<(&str, Lie)> = vec![
        ("another audience", Box::new(|s| s.claims = json!({"aud": "another"}))),
        ("several audiences", Box::new(|s| s.claims = json!({"aud": ["yunlong", "another"]}))),
        ("another issuer", Box::new(|s| s.claims = json!({"iss": "https://evil.example"}))),
        ("another nonce", Box::new(|s| s.claims = json!({"nonce": "another"}))),
        ("no nonce", Box::new(|s| s.claims = json!({"nonce": null}))),
        ("expired", Box::new(move |s| s.claims = json!({"iat": now - 400, "exp": now - 61}))),
        ("issued in the future", Box::new(move |s| s.claims = json!({"iat": now + 120, "exp": now + 400}))),
        ("issued long ago", Box::new(move |s| s.claims = json!({"iat": now - 3600, "exp": now + 400}))),
        ("no subject", Box::new(|s| s.claims = json!({"sub": ""}))),
        ("unsigned", Box::new(|s| s.header = json!({"alg": "none", "kid": null}))),
        ("symmetric", Box::new(|s| s.header = json!({"alg": "HS256"}))),
        ("signed by another", Box::new(|s| s.forger = Some(key(9)))),
        ("another access token", Box::new(|s| s.claims = json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}))),
        ("another's particulars", Box::new(|s| s.userinfo = json!({"sub": "person-2", "name": "王五"}))),
        ("a number that is none", Box::new(|s| s.userinfo = json!({"sub": "person-1", "resident_id": "1"}))),
        ("a refused code", Box::new(|s| s.token_status = 400)),
    ];
    for (what, lie) in lies {
        let fake = Fake::start().await;
        let trusted = Trusted { real_name: true, resident_id: true, mobile: true };
        let p = platform(&fake, trusted).await;
        fake.script(|s| lie(s));
        let before = accounts(&p).await;
        let answer = sign_in(&p, &fake).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{what}: {}", answer.text());
        assert!(answer.cookie("session").is_none() && answer.text().contains("没有创建或更改任何账号"), "{what}");
        assert_eq!(accounts(&p).await, before, "{what}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    for (iat, exp) in [(59, 300), (-300, -59)] {
        let fake = Fake::start().await;
        let p = platform(&fake, Trusted::default()).await;
        let now = p.clock.now().0 / 1000;
        fake.script(|s| s.claims = json!({"iat": now + iat, "exp": now + exp}));
        assert_eq!(sign_in(&p, &fake).await.status, StatusCode::SEE_OTHER, "{iat} {exp}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_or_no_provider_is_said_so() {
    let fake = Fake::start().await;
    let nobody = provider("http://127.0.0.1:1", Trusted::default());
    let config = GatewayConfig { providers: vec![nobody], ..GatewayConfig::default() };
    let p = Platform::empty(config, "http://localhost:8080").await;
    let down = p.get(PORTAL, "/sign-in/with/province").await;
    assert_eq!((down.status, down.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "60"));
    assert!(down.text().contains("外部登录暂时不可用") && down.cookie("provider").is_none());
    assert_eq!(p.get(PORTAL, "/sign-in/with/nobody").await.status, StatusCode::NOT_FOUND);
    // One whose document names another issuer, or sends people to an address without TLS.
    for lie in
        [json!({"issuer": "https://evil.example"}), json!({"authorization_endpoint": "http://evil.example/auth"})]
    {
        let p = platform(&fake, Trusted::default()).await;
        fake.script(|s| s.discovery = lie.clone());
        let answer = p.get(PORTAL, "/sign-in/with/province").await;
        assert!(answer.status.is_server_error() && answer.headers.get("location").is_none(), "{lie}");
    }
}

#[tokio::test]
async fn a_state_belongs_to_the_browser_that_started_and_is_used_once() {
    let fake = Fake::start().await;
    let p = platform(&fake, Trusted::default()).await;
    let (cookie, state) = leave(&p, &fake, "/sign-in/with/province").await;
    let (theirs, _) = leave(&p, &fake, "/sign-in/with/province").await;
    let before = accounts(&p).await;
    for cookies in ["", theirs.as_str()] {
        let forced = come_back(&p, cookies, &format!("code=c&state={state}")).await;
        assert_eq!(forced.status, StatusCode::BAD_REQUEST, "a browser that did not start this");
    }
    let mixed = come_back(&p, &cookie, &format!("code=c&state={state}&iss=https://evil.example")).await;
    assert_eq!(mixed.status, StatusCode::BAD_GATEWAY, "another issuer answers");
    let again = come_back(&p, &cookie, &format!("code=c&state={state}")).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "used up");
    assert_eq!(accounts(&p).await, before);
    let (cookie, state) = leave(&p, &fake, "/sign-in/with/province").await;
    let denied = come_back(&p, &cookie, &format!("error=access_denied&state={state}")).await;
    assert!(denied.status == StatusCode::BAD_GATEWAY && denied.text().contains("access_denied"));
}

#[tokio::test]
async fn keys_that_were_changed_are_asked_for_again_and_a_stranger_cannot_make_that_a_flood() {
    let fake = Fake::start().await;
    let p = platform(&fake, Trusted::default()).await;
    assert_eq!(sign_in(&p, &fake).await.status, StatusCode::SEE_OTHER);
    let asked = || fake.state.lock().keys_asked;
    assert_eq!(asked(), 1);
    assert_eq!(sign_in(&p, &fake).await.status, StatusCode::SEE_OTHER);
    assert_eq!(asked(), 1, "kept");
    // New keys within the half minute are believed after it; until then nobody is signed in.
    fake.script(|s| (s.key, s.kid) = (key(2), "two".into()));
    for _ in 0..5 {
        assert_eq!(sign_in(&p, &fake).await.status, StatusCode::BAD_GATEWAY);
    }
    assert_eq!(asked(), 1);
    p.clock.advance(30_000);
    assert_eq!(sign_in(&p, &fake).await.status, StatusCode::SEE_OTHER);
    assert_eq!(asked(), 2);
}

#[tokio::test]
async fn a_provider_is_not_linked_by_whoever_has_an_open_session() {
    let fake = Fake::start().await;
    let p = platform(&fake, Trusted::default()).await;
    let cookie = p.cookie("li-hua").await;
    // A link from elsewhere brings the cookie along: it gets a page that asks, and leads nowhere.
    let asked =
        p.send(get(PORTAL, "/account/link/province").header("cookie", &cookie).body(Body::empty()).unwrap()).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.cookie("provider").is_none() && asked.text().contains("name=\"password\""), "{}", asked.text());
    for wrong in ["", "a wrong password"] {
        let refused = link(&p, &cookie, wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.cookie("provider").is_none() && !refused.text().contains(&fake.issuer), "{}", refused.text());
    }
    let forged = post(PORTAL, "/account/link/province")
        .header("cookie", &cookie)
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded");
    let forged = p.send(forged.body(format!("password={}", PASSWORD.replace(' ', "+")).into()).unwrap()).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    // Who came by the provider has neither password nor factor: a sign-in of just now counts.
    let session = sign_in(&p, &fake).await.cookie("session").unwrap();
    assert_eq!(link(&p, &session, "").await.status, StatusCode::OK);
    p.clock.advance(10 * 60_000);
    let old = link(&p, &session, "").await;
    assert!(old.status == StatusCode::FORBIDDEN && old.text().contains("退出后重新登录"), "{}", old.text());
}

#[tokio::test]
async fn an_account_is_linked_by_its_owner_and_then_entered_from_outside() {
    let fake = Fake::start().await;
    let p = platform(&fake, Trusted::default()).await;
    let cookie = p.cookie("li-hua").await;
    let (state_cookie, state) = leave_to_link(&p, &fake, &cookie).await;
    let other = p.cookie("city-audit").await;
    let stolen = come_back(&p, &format!("{other}; {state_cookie}"), &format!("code=c&state={state}")).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST, "another account than the one that asked");
    let (state_cookie, state) = leave_to_link(&p, &fake, &cookie).await;
    let linked = come_back(&p, &format!("{cookie}; {state_cookie}"), &format!("code=c&state={state}")).await;
    assert_eq!(linked.location(), "/account?saved=1");
    let session = sign_in(&p, &fake).await.cookie("session").unwrap();
    let page = p.send(get(PORTAL, "/account").header("cookie", session).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains("li-hua") && page.contains("/account/unlink"));
}
