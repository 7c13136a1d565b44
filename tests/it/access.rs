//! Who may call what: every route as somebody who may not, and with another partnership's ids.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use skillwire_tests::World;
use skillwire_web::{Permission, Who};

use crate::pipeline::everything;

/// Somebody who has the permission, and somebody who has not.
fn with_and_without(permission: Permission) -> (&'static str, &'static str) {
    match permission {
        Permission::SubmitNeeds | Permission::ReadNeeds => ("kc-e1", "kc-college"),
        Permission::ReadSignals => ("kc-champion", "nobody"),
        Permission::Subscribe | Permission::ReadDeliveries => ("kc-college", "kc-e1"),
        Permission::ManagePartnership => ("kc-staff", "kc-college"),
        Permission::Operate => ("kc-operator", "kc-staff"),
    }
}

fn filled(path: &str) -> String {
    let id = "00000000-0000-0000-0000-000000000001";
    path.replace("{id}", id)
        .replace("{number}", "1")
        .replace("{service}", "deliver")
        .replace("{delivery}", id)
        .replace("{prefix}", "abcdef")
        .replace("{token}", "x.y")
        .replace("{secret}", "x")
}

#[tokio::test]
async fn no_route_answers_somebody_who_may_not() {
    let world = World::new().await;
    assert!(world.table.len() > 40, "the table has {} routes", world.table.len());
    for spec in &world.table {
        let path = filled(spec.path);
        let call = |who: Option<&'static str>| world.call(who, spec.method.clone(), &path, None);
        let nobody = call(None).await.status;
        match spec.who {
            Who::Anyone => assert_ne!(nobody, StatusCode::UNAUTHORIZED, "{spec:?}"),
            Who::SignedIn => assert_eq!(nobody, StatusCode::UNAUTHORIZED, "{spec:?}"),
            Who::May(permission) => {
                assert_eq!(nobody, StatusCode::UNAUTHORIZED, "{spec:?}");
                let (with, without) = with_and_without(permission);
                if without != "nobody" {
                    assert_eq!(call(Some(without)).await.status, StatusCode::FORBIDDEN, "{spec:?} as {without}");
                }
                let allowed = call(Some(with)).await.status;
                assert!(
                    allowed != StatusCode::FORBIDDEN && allowed != StatusCode::UNAUTHORIZED,
                    "{spec:?} as {with}: {allowed}"
                );
                assert!(!allowed.is_server_error(), "{spec:?} as {with}: {allowed}");
            }
        }
    }
}

#[tokio::test]
async fn another_partnerships_ids_are_not_there() {
    let world = World::new().await;
    let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(everything())).await;
    let subscription = made.body["id"].as_str().unwrap().to_owned();
    let mut need = String::new();
    for n in 1..=3 {
        need = world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
    let first = |list: &serde_json::Value, key: &str| list[key][0]["id"].as_str().unwrap().to_owned();
    let submission = first(&world.get("kc-e3", "/api/v1/submissions").await, "submissions");
    let signal = first(&world.get("kc-college", "/api/v1/signals").await, "signals");
    let delivery = first(&world.get("kc-college", "/api/v1/deliveries").await, "deliveries");
    let paths = [
        format!("/api/v1/submissions/{submission}"),
        format!("/api/v1/submissions/{submission}/raw"),
        format!("/api/v1/needs/{need}"),
        format!("/api/v1/signals/{signal}"),
        format!("/api/v1/subscriptions/{subscription}"),
        format!("/api/v1/deliveries/{delivery}"),
    ];
    for path in &paths {
        let own = world.call(Some("kc-staff"), Method::GET, path, None).await;
        assert_eq!(own.status, StatusCode::OK, "{path}");
        let other = world.call(Some("mv-staff"), Method::GET, path, None).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{path} as another partnership's staff: {}", other.body);
    }
    // And within the partnership: another employer's submission and need.
    for path in [&paths[0], &paths[1], &paths[2]] {
        let other = world.call(Some("kc-e1"), Method::GET, path, None).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{path} as another employer");
    }
    let steal = json!({"changes": [{"need": need, "action": "withdraw"}]});
    let path = "/api/v1/submissions/changes";
    for who in ["kc-e1", "mv-e1"] {
        let request = world.client().post(format!("{}{path}", world.url)).bearer_auth(world.token(who));
        let answer = request.header("idempotency-key", "steal").json(&steal).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{who}");
    }
    let remove = format!("/api/v1/subscriptions/{subscription}");
    assert_eq!(world.call(Some("mv-staff"), Method::DELETE, &remove, None).await.status, StatusCode::NOT_FOUND);
    // No name of an employer in what a subscriber gets.
    let signals = world.get("kc-college", "/api/v1/signals?state=all").await.to_string();
    assert!(!signals.contains("Organization kc-e") && !signals.contains("@people.example"), "{signals}");
}

#[tokio::test]
async fn tokens_that_are_not_good_say_why() {
    let world = World::new().await;
    let asked = json!({"name": "short", "scopes": ["read_signals"], "days": 2});
    let by_token = world.call(Some("kc-college"), Method::POST, "/api/v1/tokens", Some(asked)).await;
    assert_eq!(by_token.status, StatusCode::FORBIDDEN, "a token makes no token");
    let code = async |bearer: &str| {
        let request = world.client().get(format!("{}/api/v1/signals", world.url)).bearer_auth(bearer);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: serde_json::Value = answer.json().await.unwrap();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(code("rubbish").await, (401, "token_unknown".to_owned()));
    let token = world.token("kc-college").to_owned();
    let mut wrong = token.clone();
    wrong.pop();
    wrong.push(if token.ends_with('A') { 'B' } else { 'A' });
    assert_eq!(code(&wrong).await.0, 401);
    assert_eq!(code(&token).await.0, 200);
    let prefix = token.split('_').nth(1).unwrap();
    let revoke = world.call(Some("kc-college"), Method::DELETE, &format!("/api/v1/tokens/{prefix}"), None).await;
    assert_eq!(revoke.status, StatusCode::NO_CONTENT);
    assert_eq!(code(&token).await, (401, "token_revoked".to_owned()));
    let staff = world.token("kc-staff").to_owned();
    world.pass(Duration::from_secs(366 * 24 * 3_600));
    assert_eq!(code(&staff).await, (401, "token_expired".to_owned()));
}

#[tokio::test]
async fn answers_carry_the_headers_that_protect() {
    let world = World::new().await;
    let answer = world.client().get(&world.url).header("accept", "text/html").send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert!(!header("content-security-policy").contains("unsafe-inline"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    let ready = world.client().get(format!("{}/ready", world.url)).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
    assert_eq!(ready.json::<serde_json::Value>().await.unwrap()["ready"], true);
    let openapi = world.client().get(format!("{}/openapi.json", world.url)).send().await.unwrap();
    let document: serde_json::Value = openapi.json().await.unwrap();
    for spec in world.table.iter().filter(|spec| spec.path.starts_with("/api/")) {
        let method = spec.method.as_str().to_lowercase();
        assert!(
            document["paths"][spec.path][&method].is_object(),
            "{method} {} is not in the OpenAPI document",
            spec.path
        );
    }
}
