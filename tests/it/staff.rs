//! What only the partnership's staff may see: the numbers that are kept back from everybody else.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_directory::admin;
use skillwire_tests::World;
use skillwire_tests::world::{organization, partnership, person};
use skillwire_web::Permission;

use crate::pipeline::everything;

/// Openings of two employers. Their sum gives digits that stand nowhere else.
const OPENINGS: [u32; 2] = [1_777, 222];
const SUM: &str = "1999";
const MARK: &str = "kept back from everybody else";
const SECRETS: [&str; 4] = [SUM, MARK, "staff_only", "Staff only"];

/// Two welders' employers, and a subscription of everything; gives the id of the signal that is kept back.
async fn two_employers(world: &World) -> String {
    let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(everything())).await;
    assert_eq!(made.status, StatusCode::CREATED);
    for (n, openings) in (1..).zip(OPENINGS) {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", openings).await;
    }
    world.drain().await;
    let list = world.get("kc-staff", "/api/v1/signals?kind=occupation&level=total").await;
    list["signals"][0]["id"].as_str().unwrap().to_owned()
}

async fn text(world: &World, token: &str, path: &str) -> (StatusCode, String) {
    let answer = world.client().get(format!("{}{path}", world.url)).bearer_auth(token).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn staff_see_what_is_kept_back_and_that_it_is() {
    let world = World::new().await;
    let id = two_employers(&world).await;
    let list = world.get("kc-staff", "/api/v1/signals").await;
    let signals = list["signals"].as_array().unwrap();
    assert!(!signals.is_empty());
    for signal in signals {
        assert_eq!(signal["figures"], json!({"state": "suppressed", "reason": "few_employers"}));
        let staff = &signal["staff_only"];
        assert_eq!((&staff["kept_back"], &staff["numbers"]["employers"]), (&json!("few_employers"), &json!(2)));
        assert_eq!(staff["numbers"]["openings_new"], 1_999);
        assert!(staff["note"].as_str().unwrap().contains("do not quote"));
    }
    let one = world.get("kc-staff", &format!("/api/v1/signals/{id}")).await;
    assert_eq!(one["signal"]["staff_only"]["numbers"]["openings_new"], 1_999);
    let staff = world.token("kc-staff").to_owned();
    for path in ["/signals".to_owned(), format!("/signals/{id}"), "/signals.csv".to_owned()] {
        let (status, text) = text(&world, &staff, &path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains(SUM) && text.contains(MARK), "{path}: {text}");
    }
    let (_, csv) = text(&world, &staff, "/signals.csv").await;
    let row = csv.lines().nth(1).unwrap();
    // The columns that everybody knows stay empty.
    assert!(row.contains(r#""suppressed: few_employers","","","","","2","1999","0","#), "{row}");

    // What changes behind a signal that stays kept back is seen by staff, and is no news for anybody else.
    let feed = crate::pipeline::feed(&world).await.len();
    world.pass(std::time::Duration::from_secs(60));
    world.need("kc-e2", "W-1", "Welder", "29095", 444).await;
    world.drain().await;
    let one = world.get("kc-staff", &format!("/api/v1/signals/{id}")).await;
    assert_eq!(one["signal"]["staff_only"]["numbers"]["openings_new"], 2_221);
    assert_eq!((&one["signal"]["revision"], one["revisions"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(crate::pipeline::feed(&world).await.len(), feed);

    // Told to everybody: nothing is left to set apart, but for a comparison that only staff may make.
    for n in 3..=5 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 1_000).await;
    }
    world.drain().await;
    let one = world.get("kc-staff", &format!("/api/v1/signals/{id}")).await;
    assert_eq!(one["signal"]["figures"]["state"], "published");
    assert_eq!(one["signal"]["staff_only"], Value::Null, "{one}");
}

#[tokio::test]
async fn nobody_but_staff_gets_it_on_any_route() {
    let world = World::new().await;
    let id = two_employers(&world).await;
    // Staff with a token that may read signals and everything else, but not manage the partnership.
    let scopes: Vec<Permission> =
        Permission::ALL.into_iter().filter(|permission| *permission != Permission::ManagePartnership).collect();
    let who = (person("kc-staff"), partnership("kc"), organization("kc-staff"));
    let ends = world.now() + TimeDelta::days(1);
    let db = world.house.db("directory");
    let ids = &*world.house.env.ids;
    let narrow = admin::issue_token(&db, ids, who, "narrow", &scopes, world.now(), ends).await.unwrap();
    let people = ["kc-e1", "kc-e3", "kc-college", "kc-champion", "kc-operator", "mv-staff", "mv-college"];
    let mut tokens: Vec<(&str, String)> = people.iter().map(|who| (*who, world.token(who).to_owned())).collect();
    tokens.push(("kc-staff by a narrow token", narrow));
    let mut paths: Vec<String> = world
        .table
        .iter()
        .filter(|spec| spec.method == Method::GET)
        .map(|spec| {
            spec.path.replace("{id}", &id).replace("{prefix}", "x").replace("{token}", "x.y").replace("{secret}", "x")
        })
        .collect();
    for base in ["/signals", "/signals.csv", "/api/v1/signals"] {
        for query in
            ["state=all", "state=suppressed", "state=all&order=employers", "state=all&order=openings&kind=occupation"]
        {
            paths.push(format!("{base}?{query}"));
        }
    }
    let mut answered = 0;
    for (who, token) in &tokens {
        for path in &paths {
            let (status, text) = text(&world, token, path).await;
            answered += usize::from(status == StatusCode::OK);
            // Another partnership's staff are staff, of nothing that is here; and the document of the API says how it looks.
            let words =
                if *who == "mv-staff" || path == "/openapi.json" || path == "/docs" { &[SUM][..] } else { &SECRETS };
            for secret in words {
                assert!(!text.contains(secret), "{who}, {path}: '{secret}' in {text}");
            }
        }
        // Nor by asking cleverly: a filter knows only what may be told.
        let (_, text) = text(&world, token, "/api/v1/signals?state=all&employers_min=1").await;
        assert!(!text.contains(&id), "{who}: {text}");
        let (_, text) = self::text(&world, token, "/api/v1/signals?state=suppressed").await;
        assert_eq!(text.contains(&id), !who.starts_with("mv"), "{who}: {text}");
    }
    assert!(answered > 60, "{answered} answers were read");
    let feed = serde_json::to_string(&crate::pipeline::feed(&world).await).unwrap();
    assert!(!feed.contains(SUM) && !feed.contains("staff"), "{feed}");
    for service in ["intake", "normalize", "aggregate", "route", "deliver"] {
        let sql = format!("select coalesce(string_agg(body, ''), '') from {service}.outbox");
        let said: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&world.house.pool).await.unwrap();
        assert!(!said.contains(SUM), "{service} said it");
    }
}
