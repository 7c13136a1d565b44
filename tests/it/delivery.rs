//! What becomes of a mail when the mail server goes wrong: each fault and its state.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_deliver::catcher::Fault;
use skillwire_tests::World;

/// A world with one instant mail that is due.
async fn due_mail() -> World {
    let world = World::new().await;
    let instant = json!({"name": "At once", "channels": ["email"], "cadence": "instant", "predicate": {"region_levels": ["total"]}});
    let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(instant)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    for n in 1..=3 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
    assert!(world.catcher.mailbox.list().is_empty(), "its window runs");
    world.pass(Duration::from_secs(61));
    world
}

async fn delivery(world: &World) -> Value {
    let list = world.get("kc-college", "/api/v1/deliveries?channel=email").await;
    assert_eq!(list["deliveries"].as_array().unwrap().len(), 1, "{list}");
    list["deliveries"][0].clone()
}

#[tokio::test]
async fn passing_faults_are_tried_again_and_nothing_comes_twice() {
    for fault in [Fault::Busy421, Fault::Later451, Fault::CloseBeforeContent] {
        let world = due_mail().await;
        world.catcher.faults.plan(fault, 1);
        world.drain().await;
        let one = delivery(&world).await;
        assert_eq!((one["state"].as_str(), one["tries"].as_u64()), (Some("waiting"), Some(1)), "{fault:?}: {one}");
        assert!(world.catcher.mailbox.list().is_empty(), "{fault:?}");
        world.pass(Duration::from_secs(60));
        world.drain().await;
        assert_eq!(delivery(&world).await["state"], "sent", "{fault:?}");
        assert_eq!(world.catcher.mailbox.list().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_no_is_not_tried_again() {
    for fault in [Fault::No550, Fault::Refuse554] {
        let world = due_mail().await;
        world.catcher.faults.plan(fault, 1);
        world.drain().await;
        let one = delivery(&world).await;
        assert_eq!(one["state"], "failed", "{fault:?}: {one}");
        assert!(!one["reason"].as_str().unwrap().contains('@'), "no address in a reason: {one}");
        world.pass(Duration::from_secs(24 * 3_600));
        world.drain().await;
        assert!(world.catcher.mailbox.list().is_empty(), "{fault:?}");
        // Staff may send it again by hand; an address that was refused, once they have allowed it again.
        let list = world.get("kc-staff", "/api/v1/suppressions").await;
        for one in list["suppressions"].as_array().unwrap() {
            let allow = format!("/api/v1/suppressions/{}/allow", one["id"].as_str().unwrap());
            world.call(Some("kc-staff"), Method::POST, &allow, None).await;
        }
        let id = one["id"].as_str().unwrap();
        let again = world.call(Some("kc-staff"), Method::POST, &format!("/api/v1/deliveries/{id}/send"), None).await;
        assert_eq!(again.status, StatusCode::NO_CONTENT, "{}", again.body);
        world.drain().await;
        assert_eq!(world.catcher.mailbox.list().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn after_the_content_and_before_the_yes_nobody_knows_and_it_is_tried_once_more() {
    let world = due_mail().await;
    world.catcher.faults.plan(Fault::CloseAfterContent, 1);
    world.drain().await;
    let one = delivery(&world).await;
    assert_eq!((one["state"].as_str(), one["uncertain"].as_u64()), (Some("waiting"), Some(1)), "{one}");
    world.pass(Duration::from_secs(601));
    world.drain().await;
    assert_eq!(delivery(&world).await["state"], "sent");
    let mails = world.catcher.mailbox.list();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id, mails[1].message_id, "its receiver can tell that it is the same");

    let world = due_mail().await;
    world.catcher.faults.plan(Fault::CloseAfterContent, 2);
    world.drain().await;
    world.pass(Duration::from_secs(601));
    world.drain().await;
    world.pass(Duration::from_secs(24 * 3_600));
    world.drain().await;
    let one = delivery(&world).await;
    assert_eq!((one["state"].as_str(), one["uncertain"].as_u64()), (Some("uncertain"), Some(2)), "{one}");
    assert_eq!(world.catcher.mailbox.list().len(), 2, "not a third time");
}

#[tokio::test]
async fn a_process_that_dies_while_the_content_leaves_leaves_it_uncertain() {
    let world = due_mail().await;
    let pool = world.house.db("deliver").pool().clone();
    // What a kill -9 between the two commits leaves behind.
    sqlx::query(
        "update deliver.deliveries set state = 'handing_over', tries = 1, lease_until = $1, subject = 'x',
             body_text = 'x', body_html = 'x', frozen_at = $1, first_try_at = $1",
    )
    .bind(world.now() + chrono::TimeDelta::seconds(300))
    .execute(&pool)
    .await
    .unwrap();
    world.drain().await;
    assert!(world.catcher.mailbox.list().is_empty(), "its lease runs: somebody may still have it in hand");
    world.pass(Duration::from_secs(301));
    world.drain().await;
    assert_eq!(delivery(&world).await["uncertain"], 1);
    world.pass(Duration::from_secs(601));
    world.drain().await;
    assert_eq!(delivery(&world).await["state"], "sent");
    assert_eq!(world.catcher.mailbox.list().len(), 1);
}

#[tokio::test]
async fn unsubscribing_takes_a_signed_link_and_a_post() {
    let world = due_mail().await;
    world.drain().await;
    let raw = world.catcher.mailbox.raw(1).unwrap();
    let mail = mailparse::parse_mail(&raw).unwrap();
    let header = mailparse::MailHeaderMap::get_first_value(&mail.headers[..], "List-Unsubscribe").unwrap();
    let url = header.trim_matches(['<', '>']).to_owned();
    let forged = format!("{}x", url);
    assert_eq!(world.client().post(&forged).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let looked = world.client().get(&url).send().await.unwrap();
    assert!(looked.status().is_success());
    world.need("kc-e4", "W-1", "Welder", "29095", 9).await;
    world.drain().await;
    let body = "List-Unsubscribe=One-Click";
    let stopped = world.client().post(&url).header("content-type", "application/x-www-form-urlencoded").body(body);
    assert!(stopped.send().await.unwrap().status().is_success());
    world.pass(Duration::from_secs(3_600));
    world.drain().await;
    assert_eq!(world.catcher.mailbox.list().len(), 1, "what was gathered does not go any more");
    world.need("kc-e5", "W-1", "Welder", "29095", 9).await;
    world.drain().await;
    world.pass(Duration::from_secs(3_600));
    world.drain().await;
    assert_eq!(world.catcher.mailbox.list().len(), 1);
}
