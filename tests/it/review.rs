//! The review queue: what staff decide holds for the needs to come and for the past, and the signals say why.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;
use skillwire_tests::world::{Answer, partnership};

/// A need of an employer with these skills.
async fn need(world: &World, who: &str, reference: &str, occupation: &str, skills: &[&str]) -> String {
    let county = if who.starts_with("kc") { "29095" } else { "39113" };
    let need = json!({"needs": [{
        "reference": reference, "occupation": occupation, "county": county,
        "openings": [{"horizon": "now", "new": 2}], "required_skills": skills,
    }]});
    let key = format!("{who}-{reference}-{}", world.now().timestamp_micros());
    let answer = world.submit(who, &key, "application/json", need.to_string().as_bytes()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.body["items"][0]["need"].as_str().unwrap().to_owned()
}

async fn decide(world: &World, text: &str, version: u32, answer: Value) -> Answer {
    let asked =
        json!({"kind": "requirement", "text": text, "version": version, "answer": answer, "note": "asked the plant"});
    world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions", Some(asked)).await
}

async fn undo(world: &World, number: u64, version: u32) -> Answer {
    let path = format!("/api/v1/decisions/{number}/undo");
    world.call(Some("kc-staff"), Method::POST, &path, Some(json!({"version": version}))).await
}

fn map(concept: &str) -> Value {
    json!({"action": "map", "concept": concept})
}

/// Texts, concepts and reasons of a need's requirements.
async fn read(world: &World, need: &str) -> Vec<(String, String, String)> {
    let need = world.get("kc-staff", &format!("/api/v1/needs/{need}")).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    need["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (text(&r["text"]), text(&r["concept"]["id"]), text(&r["reason"])))
        .collect()
}

async fn open_terms(world: &World, query: &str) -> Vec<Value> {
    world.get("kc-staff", &format!("/api/v1/terms?{query}")).await["terms"].as_array().unwrap().clone()
}

async fn signal(world: &World, id: &str) -> Option<Value> {
    let list = world.get("kc-college", "/api/v1/signals?state=all").await;
    let found = list["signals"].as_array().unwrap().iter();
    found.filter(|s| s["region"]["level"] == "total").find(|s| s["concept"]["id"] == id).cloned()
}

async fn count(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&world.house.pool).await.unwrap()
}

#[tokio::test]
async fn a_decision_holds_for_past_and_future_and_the_signals_say_why() {
    let world = World::new().await;
    let mut needs = Vec::new();
    for n in 1..=3 {
        needs.push(need(&world, &format!("kc-e{n}"), "A", "Welder", &["cobot wrangling", "must love dogs"]).await);
    }
    let untouched = need(&world, "kc-e4", "B", "Welder", &["must love dogs"]).await;
    world.drain().await;
    let before = world.get("kc-staff", &format!("/api/v1/needs/{untouched}")).await;

    // The queue: by weight, once for all writings, with where it was seen.
    let terms = open_terms(&world, "kind=requirement").await;
    let weights: Vec<_> = terms.iter().map(|t| (t["folded"].as_str().unwrap(), t["employers"].as_i64())).collect();
    assert_eq!(weights, [("must love dog", Some(4)), ("cobot wrangling", Some(3))]);
    let cobot = &terms[1];
    assert_eq!((&cobot["needs"], &cobot["openings"], &cobot["version"]), (&json!(3), &json!(6), &json!(0)), "{cobot}");
    assert_eq!(cobot["occupations"][0]["key"], "onet-soc:51-4121.00");
    assert_eq!(cobot["industries"][0]["key"], "332710");
    assert_eq!(cobot["samples"].as_array().unwrap().len(), 3);

    // Decided: the request itself changes no need.
    let made = decide(&world, "Cobot Wrangling", 0, map("skillwire:industrial-robot-operation")).await;
    let known = made.status == StatusCode::CREATED;
    assert!(known, "{}", made.body);
    assert_eq!((&made.body["number"], &made.body["action"]), (&json!(1), &json!("map")));
    assert_eq!(read(&world, &needs[0]).await[0].1, "");
    world.drain().await;
    for id in &needs {
        let wanted =
            ("cobot wrangling".to_owned(), "industrial-robot-operation".to_owned(), "staff decision #1".to_owned());
        assert_eq!(read(&world, id).await[0], wanted);
    }
    // Only what carries the text was touched, and each need was said once more.
    assert_eq!(world.get("kc-staff", &format!("/api/v1/needs/{untouched}")).await, before);
    assert_eq!(count(&world, "select count(*) from normalize.outbox where subject like '%need.normalized%'").await, 4);
    let again = "select sum(jsonb_array_length(body::jsonb->'data'->'needs'))::bigint from normalize.outbox
        where subject like '%needs.renormalized%'";
    assert_eq!(count(&world, again).await, 3);
    assert_eq!(count(&world, "select count(*) from normalize.outbox where subject like '%decision.made%'").await, 1);
    let told = &world.get("kc-staff", "/api/v1/decisions").await["decisions"][0];
    assert_eq!(
        (&told["renormalization"]["carriers"], &told["renormalization"]["needs"]),
        (&json!(3), &json!(3)),
        "{told}"
    );
    assert!(told["renormalization"]["finished_at"].is_string());
    // The signal that there is now says why; one that did not change has no revision.
    let robots = signal(&world, "industrial-robot-operation").await.unwrap();
    assert_eq!((&robots["figures"]["employers"], &robots["causes"]), (&json!(3), &json!(["staff decision #1"])));
    // Of the others in these needs only how much was not understood.
    let welders = signal(&world, "51-4121.00").await.unwrap();
    assert_eq!(welders["causes"], json!(["staff decision #1"]), "{welders}");
    assert_eq!(welders["figures"]["openings_new"], 8, "{welders}");
    assert_eq!(welders["figures"]["unmatched_percent"], 40, "4 of 11 texts: {welders}");
    // The future.
    world.pass(Duration::from_secs(60));
    let later = need(&world, "kc-e5", "A", "Welder", &["COBOT wrangling"]).await;
    world.drain().await;
    assert_eq!(read(&world, &later).await[0].2, "staff decision #1");
    assert_eq!(
        signal(&world, "industrial-robot-operation").await.unwrap().get("causes"),
        None,
        "an employer's own word"
    );
    assert!(open_terms(&world, "q=cobot").await.is_empty());

    // Undone: the state before.
    world.pass(Duration::from_secs(60));
    let undone = undo(&world, 1, 1).await;
    assert_eq!(undone.status, StatusCode::CREATED, "{}", undone.body);
    world.drain().await;
    assert_eq!(read(&world, &needs[0]).await[0].1, "");
    assert_eq!(open_terms(&world, "q=cobot").await[0]["employers"], 4);
    let ended = signal(&world, "industrial-robot-operation").await.unwrap();
    assert_eq!((&ended["figures"]["state"], &ended["causes"]), (&json!("ended"), &json!(["staff decision #2"])));
    // Reading all again changes nothing: what the re-reading left is what the log says.
    let normalize =
        skillwire_normalize::Normalize::create(world.house.parts("normalize"), world.house.settings.normalize.clone())
            .unwrap();
    assert_eq!(normalize.renormalize(partnership("kc")).await.unwrap().changed, 0);
}

#[tokio::test]
async fn two_staff_do_not_overwrite_each_other_unseen() {
    let world = World::new().await;
    let id = need(&world, "kc-e1", "A", "Welder", &["cobot wrangling"]).await;
    world.drain().await;
    assert_eq!(
        decide(&world, "cobot wrangling", 0, map("skillwire:industrial-robot-operation")).await.status,
        StatusCode::CREATED
    );
    let second = decide(&world, "cobot wrangling", 0, json!({"action": "ignore"})).await;
    assert_eq!((second.status, &second.body["code"]), (StatusCode::CONFLICT, &json!("decided_meanwhile")));
    assert_eq!(second.body["decisions"][0]["number"], 1);
    assert!(
        second.body["detail"].as_str().unwrap().contains("skillwire:industrial-robot-operation"),
        "{}",
        second.body
    );
    assert!(second.body["detail"].as_str().unwrap().contains("asked the plant"), "{}", second.body);
    assert_eq!(undo(&world, 1, 0).await.status, StatusCode::CONFLICT);
    assert_eq!(decide(&world, "cobot wrangling", 2, json!({"action": "ignore"})).await.status.as_u16(), 422);
    world.drain().await;
    assert_eq!(count(&world, "select count(*) from normalize.decisions").await, 1, "nothing was written");
    // Who has seen it may.
    assert_eq!(decide(&world, "cobot wrangling", 1, json!({"action": "ignore"})).await.status, StatusCode::CREATED);
    world.drain().await;
    assert_eq!(read(&world, &id).await[0].2, "staff decision #2: asks for nothing");
    // Undoing the second brings the first back; undoing it twice is refused.
    assert_eq!(undo(&world, 2, 2).await.status, StatusCode::CREATED);
    assert_eq!(undo(&world, 2, 3).await.status.as_u16(), 422);
    assert_eq!(undo(&world, 9, 0).await.status, StatusCode::NOT_FOUND);
    world.drain().await;
    assert_eq!(read(&world, &id).await[0].2, "staff decision #1");
    // At the same moment: one of two.
    let (one, two) = tokio::join!(
        decide(&world, "dog walking", 0, json!({"action": "ignore"})),
        decide(&world, "dog walking", 0, map("skillwire:industrial-robot-operation")),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn several_at_once_each_for_itself() {
    let world = World::new().await;
    for n in 1..=2 {
        need(&world, &format!("kc-e{n}"), "A", "Welder", &["cobot wrangling", "must love dogs", "herding cats"]).await;
    }
    world.drain().await;
    decide(&world, "must love dogs", 0, json!({"action": "ignore"})).await;
    let one = |text: &str, answer: Value| json!({"kind": "requirement", "text": text, "version": 0, "answer": answer});
    let ignore = json!({"action": "ignore"});
    let bulk = json!({"decisions": [
        one("cobot wrangling", map("skillwire:industrial-robot-operation")),
        one("must love dogs", ignore.clone()),
        one("herding cats", map("skillwire:nothing")),
        one("herding cats", ignore),
    ]});
    let answer = world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions/bulk", Some(bulk)).await;
    let statuses: Vec<_> = answer.body.as_array().unwrap().iter().map(|o| o["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 409, 422, 201], "{}", answer.body);
    world.drain().await;
    assert!(open_terms(&world, "kind=requirement").await.is_empty());
    let many = json!({"decisions": vec![one("x", map("skillwire:nothing")); 101]});
    let answer = world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions/bulk", Some(many)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_text_is_split_and_its_parts_are_decided_like_any_other() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for n in 1..=3 {
        ids.push(need(&world, &format!("kc-e{n}"), "A", "Welder", &["tacking/gizmo fitting", "forklift"]).await);
    }
    world.drain().await;
    let before = world.get("kc-staff", &format!("/api/v1/needs/{}", ids[0])).await;
    let split = json!({"action": "split", "parts": [
        {"text": "tacking", "concept": "skillwire:welding"}, {"text": "gizmo fitting"}]});
    let made = decide(&world, "tacking/gizmo fitting", 0, split).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    world.drain().await;
    let is = read(&world, &ids[0]).await;
    let texts: Vec<&str> = is.iter().map(|(text, ..)| text.as_str()).collect();
    assert_eq!(texts, ["tacking", "gizmo fitting", "forklift"]);
    assert_eq!((is[0].1.as_str(), is[0].2.as_str()), ("welding", "staff decision #1"));
    // A part without a concept is in the queue as a text of its own, and says which cell it came from.
    let open = open_terms(&world, "q=gizmo").await;
    assert_eq!((&open[0]["text"], &open[0]["cells"][0]), (&json!("gizmo fitting"), &json!("tacking/gizmo fitting")));
    let create = json!({"action": "create", "concept": {"label": "Gizmo fitting", "kind": "skill"}});
    assert_eq!(decide(&world, "gizmo fitting", 0, create).await.status, StatusCode::CREATED);
    world.drain().await;
    assert_eq!(read(&world, &ids[0]).await[1].1, "gizmo-fitting");
    let own = signal(&world, "gizmo-fitting").await.unwrap();
    assert_eq!((&own["concept"]["scheme"], &own["figures"]["employers"]), (&json!("local"), &json!(3)));
    // The split undone: the need reads as before, but for its version.
    assert_eq!(undo(&world, 1, 1).await.status, StatusCode::CREATED);
    world.drain().await;
    let mut after = world.get("kc-staff", &format!("/api/v1/needs/{}", ids[0])).await;
    after["normalization"] = before["normalization"].clone();
    assert_eq!(after, before);
    assert_eq!(signal(&world, "gizmo-fitting").await.unwrap()["figures"]["state"], "ended");
}

#[tokio::test]
async fn a_decision_may_hold_in_one_industry_or_job_only_and_titles_are_decided_too() {
    let world = World::new().await;
    let welder = need(&world, "kc-e1", "A", "Welder", &["cobot wrangling"]).await;
    let other = need(&world, "kc-e1", "B", "Cobot whisperer", &["cobot wrangling"]).await;
    world.drain().await;
    let asked = |kind: &str, text: &str, version: u32, scope: Value, answer: Value| {
        let asked = json!({"kind": kind, "text": text, "version": version, "scope": scope, "answer": answer});
        world.call(Some("kc-staff"), Method::POST, "/api/v1/decisions", Some(asked))
    };
    let job = json!({"within": "occupation", "concept": "onet-soc:51-4121.00"});
    let robots = map("skillwire:industrial-robot-operation");
    assert_eq!(asked("requirement", "cobot wrangling", 0, job, robots).await.status, StatusCode::CREATED);
    world.drain().await;
    assert_eq!(read(&world, &welder).await[0].2, "staff decision #1");
    assert_eq!(read(&world, &other).await[0].1, "");
    assert_eq!(open_terms(&world, "q=cobot&kind=requirement").await[0]["needs"], 1, "the rest stays open");
    // The title becomes that job: what was decided for the job holds for it too.
    let elsewhere = json!({"within": "industry", "naics": "622"});
    let here = json!({"within": "industry", "naics": "3327"});
    let is_welder = map("onet-soc:51-4121.00");
    let ignored = asked("occupation", "Cobot whisperer", 0, elsewhere, json!({"action": "ignore"})).await;
    assert_eq!(ignored.status, StatusCode::CREATED, "{}", ignored.body);
    assert_eq!(asked("occupation", "cobot whisperers", 2, here, is_welder).await.status, StatusCode::CREATED);
    world.drain().await;
    let now = world.get("kc-staff", &format!("/api/v1/needs/{other}")).await;
    assert_eq!(
        (&now["occupation"]["concept"]["id"], &now["occupation"]["reason"]),
        (&json!("51-4121.00"), &json!("staff decision #3"))
    );
    assert_eq!(read(&world, &other).await[0].2, "staff decision #1");
    let history = world.get("kc-staff", "/api/v1/terms/one?kind=occupation&text=COBOT%20whisperer").await;
    assert_eq!((&history["version"], history["decisions"].as_array().unwrap().len()), (&json!(3), 2), "{history}");
}

#[tokio::test]
async fn decisions_are_the_staffs_of_their_partnership() {
    let world = World::new().await;
    for (who, reference) in [("kc-e1", "A"), ("mv-e1", "A")] {
        need(&world, who, reference, "Welder", &["cobot wrangling"]).await;
    }
    world.drain().await;
    assert_eq!(
        decide(&world, "cobot wrangling", 0, map("skillwire:industrial-robot-operation")).await.status,
        StatusCode::CREATED
    );
    world.drain().await;
    // Another partnership's staff see their own term, open, and none of the decisions.
    let theirs = world.get("mv-staff", "/api/v1/terms").await;
    assert_eq!((&theirs["terms"][0]["version"], &theirs["terms"][0]["employers"]), (&json!(0), &json!(1)));
    assert_eq!(world.get("mv-staff", "/api/v1/decisions").await["decisions"], json!([]));
    let undo =
        world.call(Some("mv-staff"), Method::POST, "/api/v1/decisions/1/undo", Some(json!({"version": 0}))).await;
    assert_eq!(undo.status, StatusCode::NOT_FOUND);
    let history = world.get("mv-staff", "/api/v1/terms/one?kind=requirement&text=cobot%20wrangling").await;
    assert_eq!((&history["version"], &history["decisions"]), (&json!(0), &json!([])));
    // Who is no staff sees nothing of it and decides nothing.
    for who in ["kc-e1", "kc-college", "kc-champion", "kc-operator"] {
        for path in ["/api/v1/terms", "/api/v1/decisions", "/terms", "/decisions"] {
            assert_eq!(
                world.call(Some(who), Method::GET, path, None).await.status,
                StatusCode::FORBIDDEN,
                "{who} {path}"
            );
        }
        let asked = json!({"kind": "requirement", "text": "x", "version": 0, "answer": {"action": "ignore"}});
        let answer = world.call(Some(who), Method::POST, "/api/v1/decisions", Some(asked)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{who}");
    }
    assert_eq!(count(&world, "select count(*) from normalize.decisions").await, 1);
    // The log only grows.
    let changed = sqlx::query("update normalize.decisions set folded = 'x'").execute(&world.house.pool).await;
    assert!(changed.unwrap_err().to_string().contains("only grows"));
}
