//! The shell as a caller meets it: a router with made-up actors, asked without a network.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};
use skillwire_runtime::{FixedClock, SeededIds};
use skillwire_schemas::partnership::{OrganizationKind, Role};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    Actor, ActorError, Actors, Form, Health, HttpConfig, Json, OwnPage, Permission, Routes, Shell, TokenAnswer, Via,
    Who, shell,
};

/// Somebody with these roles.
pub(crate) fn actor(roles: &[Role], via: Via) -> Actor {
    Actor {
        person: PersonId(Uuid::from_u128(1)),
        name: "Dana <b>Ortiz</b>".to_owned(),
        partnership: PartnershipId(Uuid::from_u128(2)),
        partnership_name: "Metro".to_owned(),
        organization: OrganizationId(Uuid::from_u128(3)),
        organization_name: "Plant".to_owned(),
        organization_kind: OrganizationKind::Employer,
        naics: None,
        roles: roles.iter().copied().collect(),
        via,
    }
}

struct Known;

#[async_trait]
impl Actors for Known {
    async fn by_session(&self, cookie: &str) -> Result<Option<Actor>, ActorError> {
        let session = || Via::Session { csrf: "proof".to_owned() };
        match cookie {
            "staff" => Ok(Some(actor(&[Role::Staff], session()))),
            "champion" => Ok(Some(actor(&[Role::Champion], session()))),
            "broken" => Err(ActorError("away".to_owned())),
            _ => Ok(None),
        }
    }

    async fn by_token(&self, bearer: &str) -> Result<TokenAnswer, ActorError> {
        let scopes = |scopes: &[Permission]| Via::Token { scopes: BTreeSet::from_iter(scopes.iter().copied()) };
        let token = |roles: &[Role], s| TokenAnswer::Actor(Box::new(actor(roles, scopes(s))));
        Ok(match bearer {
            "staff-reads" => token(&[Role::Staff], &[Permission::ReadSignals]),
            "champion-manages" => token(&[Role::Champion], &[Permission::ManagePartnership]),
            "staff-manages" => token(&[Role::Staff], &[Permission::ManagePartnership]),
            "old" => TokenAnswer::Expired,
            "taken-back" => TokenAnswer::Revoked,
            _ => TokenAnswer::Unknown,
        })
    }
}

struct Away;

#[async_trait]
impl Health for Away {
    fn name(&self) -> &'static str {
        "broker"
    }
    async fn check(&self) -> Result<(), String> {
        Err("connection refused".to_owned())
    }
}

#[derive(Deserialize)]
struct Fields {
    name: String,
}

fn app(config: HttpConfig, health: Vec<Arc<dyn Health>>) -> Router {
    let manage = Who::May(Permission::ManagePartnership);
    let routes = Routes::new()
        .get("/open", Who::Anyone, || async { "open" })
        .get("/page", Who::SignedIn, || async { "page" })
        .get("/staff", manage, || async { "staff" })
        .get("/api/v1/staff", manage, || async { "staff" })
        .get("/number/{n}", Who::Anyone, |Path(n): Path<u8>| async move { n.to_string() })
        .get("/panics", Who::Anyone, || async {
            if true {
                panic!("a bug")
            }
        })
        .get("/never", Who::Anyone, std::future::pending::<()>)
        .post("/form", Who::SignedIn, |Form(f): Form<Fields>| async move { f.name })
        .post("/enter", Who::Anyone, |_: OwnPage| async { "in" })
        .post("/api/v1/json", Who::Anyone, |Json(v): Json<Vec<Sized3>>| async move { v.len().to_string() });
    let clock = FixedClock::at(DateTime::from_timestamp(1_790_000_000, 0).unwrap());
    shell(
        routes,
        Shell {
            config,
            actors: Arc::new(Known),
            clock: Arc::new(clock),
            ids: Arc::new(SeededIds::new(1)),
            health,
            openapi: json!({"openapi": "3.1.0", "paths": {"/api/v1/staff": {"get": {"summary": "All staff"}}}}),
            metrics: None,
        },
    )
}

#[derive(Deserialize)]
struct Sized3 {
    #[serde(rename = "size")]
    _size: u8,
}

fn usual() -> Router {
    app(HttpConfig::default(), vec![])
}

/// Asks: `"GET /path"`, headers, body.
async fn ask(app: &Router, line: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
}

async fn words(response: Response) -> String {
    String::from_utf8(axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap().to_vec()).unwrap()
}

async fn problem(response: Response) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    serde_json::from_str(&words(response).await).unwrap()
}

const STAFF: (&str, &str) = ("cookie", "skillwire=staff");
const CHAMPION: (&str, &str) = ("cookie", "skillwire=champion");
const BROWSER: (&str, &str) = ("accept", "text/html,*/*");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn the_guard_lets_in_who_may_and_nobody_else() {
    let app = usual();
    for (line, headers, status) in [
        ("GET /open", &[][..], 200),
        ("GET /page", &[], 401),
        ("GET /page", &[CHAMPION], 200),
        ("GET /page", &[("cookie", "skillwire=nobody")], 401),
        ("GET /staff", &[CHAMPION], 403),
        ("GET /staff", &[STAFF], 200),
        ("HEAD /staff", &[CHAMPION], 403),
        ("GET /api/v1/staff", &[("authorization", "Bearer staff-manages")], 200),
        ("GET /api/v1/staff", &[("authorization", "Bearer staff-reads")], 403),
        ("GET /api/v1/staff", &[("authorization", "Bearer champion-manages")], 403),
        ("GET /api/v1/staff", &[("authorization", "Bearer who"), STAFF], 401),
        ("GET /page", &[("cookie", "skillwire=broken")], 503),
    ] {
        let answer = ask(&app, line, headers, "").await;
        assert_eq!(answer.status().as_u16(), status, "{line} {headers:?}");
    }
}

#[tokio::test]
async fn a_browser_is_led_to_sign_in_and_back_and_a_program_is_told() {
    let app = usual();
    let answer = ask(&app, "GET /page?kind=skill&q=a%20b", &[BROWSER], "").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/sign-in?next=/page%3Fkind%3Dskill%26q%3Da%2520b");
    let answer = ask(&app, "GET /api/v1/staff", &[BROWSER], "").await;
    assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"skillwire\"");
    assert_eq!(problem(answer).await["code"], "not_signed_in");
}

#[tokio::test]
async fn a_token_that_is_no_good_says_why() {
    for (token, code) in [("old", "token_expired"), ("taken-back", "token_revoked"), ("x", "token_unknown")] {
        let answer = ask(&usual(), "GET /open", &[("authorization", &format!("Bearer {token}"))], "").await;
        assert_eq!(answer.status(), 401);
        assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().contains("invalid_token"));
        assert_eq!(problem(answer).await["code"], code);
    }
}

#[tokio::test]
async fn a_form_of_a_signed_in_person_needs_its_proof_and_our_page() {
    let app = usual();
    let site = |site| ("sec-fetch-site", site);
    for (headers, body, status) in [
        (&[STAFF, FORM][..], "name=a&csrf=proof", 200),
        (&[STAFF, FORM, site("same-origin")], "name=a&csrf=proof", 200),
        (&[STAFF, FORM, site("cross-site")], "name=a&csrf=proof", 403),
        (&[STAFF, FORM, ("origin", "https://evil.example")], "name=a&csrf=proof", 403),
        (&[STAFF, FORM], "name=a&csrf=guess", 403),
        (&[STAFF, FORM], "name=a", 403),
        (&[("authorization", "Bearer staff-reads"), FORM, site("cross-site")], "name=a", 200),
        (&[STAFF, FORM], "csrf=proof", 400),
        (&[STAFF, ("content-type", "text/plain")], "name=a&csrf=proof", 415),
    ] {
        let answer = ask(&app, "POST /form", headers, body).await;
        assert_eq!(answer.status().as_u16(), status, "{headers:?} {body}");
    }
    assert_eq!(
        ask(&app, "POST /enter", &[site("cross-site")], "").await.status(),
        403,
        "nobody is signed in by others"
    );
    assert_eq!(ask(&app, "POST /enter", &[site("same-origin")], "").await.status(), 200);
}

#[tokio::test]
async fn what_is_not_there_or_too_much_is_a_problem_with_words() {
    let app = app(HttpConfig { body_bytes_max: 100, ..HttpConfig::default() }, vec![]);
    let answer = ask(&app, "GET /nowhere", &[], "").await;
    assert_eq!((answer.status().as_u16(), problem(answer).await["code"].clone()), (404, json!("not_found")));
    let answer = ask(&app, "POST /open", &[], "").await;
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()[header::ALLOW], "GET,HEAD");
    assert_eq!(problem(answer).await["code"], "method_not_allowed");
    for (line, kind) in [("POST /form", FORM.1), ("POST /api/v1/json", "application/json")] {
        let answer = ask(&app, line, &[STAFF, ("content-type", kind)], &"9".repeat(200)).await;
        assert_eq!(
            (answer.status().as_u16(), problem(answer).await["code"].clone()),
            (413, json!("too_large")),
            "{line}"
        );
    }
    let answer = ask(&app, "GET /number/many", &[], "").await;
    assert_eq!(answer.status(), 400);
    let detail = problem(answer).await["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("many"), "{detail}");
}

#[tokio::test]
async fn json_errors_name_their_place() {
    let ask_json = async |body: &str| {
        problem(ask(&usual(), "POST /api/v1/json", &[("content-type", "application/json")], body).await).await
    };
    let told = ask_json("[{\"size\": 1},\n {\"size\": \"x\"}]").await;
    assert_eq!((&told["path"], &told["line"]), (&json!("[1].size"), &json!(2)), "{told}");
    assert!(ask_json("[] []").await["detail"].as_str().unwrap().contains("trailing"));
    let answer = ask(&usual(), "POST /api/v1/json", &[("content-type", "text/plain")], "[]").await;
    assert_eq!(answer.status(), 415);
}

#[tokio::test]
async fn a_browser_gets_a_page_that_escapes_what_people_wrote() {
    let answer = ask(&usual(), "GET /staff", &[CHAMPION, BROWSER], "").await;
    assert_eq!(answer.status(), 403);
    assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    let html = words(answer).await;
    assert!(html.contains("manage_partnership") && html.contains("Signals") && !html.contains(">People<"), "{html}");
    assert!(html.contains("Dana") && !html.contains("<b>Ortiz"), "{html}");
}

#[tokio::test]
async fn a_panic_and_a_standstill_are_answered_like_any_error() {
    let app = app(HttpConfig { request_timeout_s: 0, ..HttpConfig::default() }, vec![]);
    for (line, status, code) in [("GET /panics", 500, "internal"), ("GET /never", 504, "timeout")] {
        let answer = ask(&app, line, &[], "").await;
        assert_eq!(answer.status().as_u16(), status);
        assert!(answer.headers().contains_key("x-trace-id") && answer.headers().contains_key("x-frame-options"));
        assert_eq!(problem(answer).await["code"], code);
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let https = HttpConfig { public_url: "https://wire.example".to_owned(), ..HttpConfig::default() };
    for (app, tls) in [(usual(), false), (app(https, vec![]), true)] {
        for path in ["/open", "/live", "/static/style.css", "/nowhere", "/docs"] {
            let answer = ask(&app, &format!("GET {path}"), &[], "").await;
            let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
            assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(answer.headers().contains_key(header::STRICT_TRANSPORT_SECURITY), tls, "{path}");
        }
    }
}

#[tokio::test]
async fn who_asks_too_often_waits_whatever_they_claim_to_be() {
    let proxy = "10.0.0.1".parse().unwrap();
    let fresh = || {
        app(HttpConfig { requests_per_minute_max: 2, trusted_proxies: vec![proxy], ..HttpConfig::default() }, vec![])
    };
    let from = async |app: &Router, peer: &str, header: (&str, &str)| {
        let peer: SocketAddr = format!("{peer}:9").parse().unwrap();
        let request = Request::get("/open").header(header.0, header.1).extension(ConnectInfo(peer));
        app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    // A new address in a header that no proxy of ours wrote is no new caller.
    let app = fresh();
    for (forwarded, status) in [("1.1.1.1", 200), ("2.2.2.2", 200), ("3.3.3.3", 429)] {
        assert_eq!(from(&app, "203.0.113.9", ("x-forwarded-for", forwarded)).await.status(), status);
    }
    assert_eq!(from(&app, "10.0.0.1", ("x-forwarded-for", "4.4.4.4")).await.status(), 200, "another caller");
    // Nor is a new made-up token.
    let app = fresh();
    for (token, status) in [("a", 401), ("b", 401), ("c", 429)] {
        let answer = from(&app, "203.0.113.9", ("authorization", &format!("Bearer {token}"))).await;
        assert_eq!(answer.status(), status, "{token}");
        assert_eq!(answer.headers().contains_key(header::RETRY_AFTER), status == 429);
    }
    // A real one has its own count, from wherever it comes.
    let app = fresh();
    for (peer, status) in [("203.0.113.1", 200), ("203.0.113.2", 200), ("203.0.113.3", 429)] {
        assert_eq!(from(&app, peer, ("authorization", "Bearer staff-reads")).await.status(), status);
    }
}

#[tokio::test]
async fn readiness_names_the_part_that_is_away() {
    let answer = ask(&usual(), "GET /ready", &[], "").await;
    assert_eq!(answer.status(), 200);
    let answer = ask(&app(HttpConfig::default(), vec![Arc::new(Away)]), "GET /ready", &[], "").await;
    assert_eq!(answer.status(), 503);
    let told: Value = serde_json::from_str(&words(answer).await).unwrap();
    assert_eq!(told["parts"][0], json!({"name": "broker", "ready": false, "why": "connection refused"}));
}

#[tokio::test]
async fn the_docs_tell_who_may_call() {
    let html = words(ask(&usual(), "GET /docs", &[], "").await).await;
    assert!(html.contains("/api/v1/staff") && html.contains("All staff") && html.contains("manage_partnership"));
}
