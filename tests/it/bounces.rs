//! Mail that comes back: by a Maildir and by the pipe, and what it does to deliveries and addresses.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_tests::World;
use sqlx::Row;
use tempfile::TempDir;

use crate::commands::program;
use crate::mail::{deliveries, news, subscribed};
use crate::sign_in::{ask, link};

/// A world that takes back mail from a Maildir.
async fn returning(subscriptions: usize) -> (World, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur", "tmp"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let maildir = folder.path().to_owned();
    let world = subscribed(subscriptions, |settings| {
        settings.deliver.from = "Skillwire <wire@wire.example>".to_owned();
        settings.deliver.bounce_address = Some("bounces@wire.example".to_owned());
        settings.deliver.bounce_maildir = Some(maildir);
    })
    .await;
    (world, folder)
}

/// Brings news, lets the mails go, and gives the return path of the last.
async fn sent(world: &World, openings: u32) -> String {
    news(world, openings).await;
    world.drain().await;
    world.catcher.mailbox.list().last().unwrap().from.clone()
}

/// A report (RFC 3464) of another mail server to that address.
fn report(to: &str, action: &str, status: &str, diagnostic: &str) -> String {
    format!(
        "Return-Path: <>\r\nDelivered-To: {to}\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: <{to}>\r\nSubject: Undelivered\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
         Sorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; kc-college@people.example\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; {diagnostic}\r\n--b--\r\n"
    )
}

fn put(folder: &TempDir, name: &str, mail: &str) {
    std::fs::write(folder.path().join("new").join(name), mail).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Puts a mail into the Maildir and lets it be read.
async fn take(world: &World, folder: &TempDir, mail: &str) {
    put(folder, "1795604362.M1.mx", mail);
    world.drain().await;
    assert!(names(&folder.path().join("new")).is_empty());
}

/// (state, reason) of the newest delivery.
async fn newest(world: &World) -> (String, String) {
    let one = deliveries(world).await[0].clone();
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("reason"))
}

async fn list(world: &World) -> Vec<Value> {
    world.get("kc-staff", "/api/v1/suppressions").await["suppressions"].as_array().unwrap().clone()
}

/// How often a kind was counted.
async fn counted(world: &World, kind: &str) -> i64 {
    let pool = world.house.db("deliver").pool().clone();
    let row = sqlx::query(
        "select coalesce(sum(taken), 0)::bigint as n from deliver.bounce_counts where kind = $1 and told = taken",
    );
    row.bind(kind).fetch_one(&pool).await.unwrap().get("n")
}

fn kept(world: &World) -> usize {
    world.catcher.mailbox.list().len()
}

#[tokio::test]
async fn a_mail_has_a_return_address_of_its_own_and_two_ways_to_stop() {
    let (world, _folder) = returning(1).await;
    let path = sent(&world, 3).await;
    let (local, domain) = path.split_once('@').unwrap();
    assert!(local.starts_with("bounces+") && local.len() <= 64 && domain == "wire.example", "{path}");
    let raw = world.catcher.mailbox.raw(1).unwrap();
    let mail = mailparse::parse_mail(&raw).unwrap();
    let header = |name: &str| mailparse::MailHeaderMap::get_first_value(&mail.headers[..], name).unwrap();
    assert_eq!(header("From"), "Skillwire <wire@wire.example>");
    let stop = header("List-Unsubscribe");
    assert!(stop.starts_with("<http") && stop.contains(">, <mailto:bounces+u"), "{stop}");
    assert!(stop.ends_with("@wire.example?subject=unsubscribe>"), "{stop}");
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
}

#[tokio::test]
async fn an_address_that_is_none_gets_no_more_mails_until_staff_allow_it() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    let back = report(&path, "failed", "5.1.1", "550 5.1.1 <kc-college@people.example> unknown");
    take(&world, &folder, &back).await;
    assert_eq!(
        newest(&world).await,
        ("bounced".to_owned(), "bounced: 5.1.1 smtp; 550 5.1.1 <address> unknown".to_owned())
    );
    let listed = list(&world).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((&listed[0]["kind"], &listed[0]["name"]), (&json!("hard"), &json!("Person kc-college")));
    // The same report again, by the other way too: once.
    take(&world, &folder, &back).await;
    assert_eq!(pipe(&world, &[], &back).await, Some(0));
    world.drain().await;
    assert_eq!((counted(&world, "hard").await, list(&world).await.len()), (1, 1));
    // The next mail is not sent, and says why.
    assert_eq!(sent(&world, 4).await, path);
    let (state, reason) = newest(&world).await;
    assert_eq!(state, "skipped");
    assert!(reason.starts_with("its address gets no mails since 2026-11-24: bounced: 5.1.1"), "{reason}");
    // Others of the list page: nobody but staff, and staff of this partnership alone.
    let allow = format!("/api/v1/suppressions/{}/allow", listed[0]["id"].as_str().unwrap());
    let as_other = world.call(Some("mv-staff"), Method::POST, &allow, None).await;
    assert_eq!(as_other.status, StatusCode::NOT_FOUND);
    assert!(
        world.get("mv-staff", "/api/v1/suppressions?past=true").await["suppressions"].as_array().unwrap().is_empty()
    );
    assert_eq!(world.call(Some("kc-staff"), Method::POST, &allow, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.call(Some("kc-staff"), Method::POST, &allow, None).await.status, StatusCode::CONFLICT);
    assert!(list(&world).await.is_empty());
    let past = world.get("kc-staff", "/api/v1/suppressions?past=true").await;
    let by = skillwire_tests::world::person("kc-staff").to_string();
    assert_eq!(past["suppressions"][0]["allowed_by"], json!(by), "who did it stays");
    sent(&world, 5).await;
    assert_eq!((newest(&world).await.0, kept(&world)), ("sent".to_owned(), 2));
}

#[tokio::test]
async fn a_mail_that_is_sent_again_may_come_back_again() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    let back = report(&path, "failed", "5.1.1", "gone");
    let id = deliveries(&world).await[0]["id"].as_str().unwrap().to_owned();
    for round in 1..=2 {
        take(&world, &folder, &back).await;
        assert_eq!((newest(&world).await.0.as_str(), counted(&world, "hard").await), ("bounced", round));
        let listed = list(&world).await;
        let allow = format!("/api/v1/suppressions/{}/allow", listed[0]["id"].as_str().unwrap());
        assert_eq!(world.call(Some("kc-staff"), Method::POST, &allow, None).await.status, StatusCode::NO_CONTENT);
        let again = world.call(Some("kc-staff"), Method::POST, &format!("/api/v1/deliveries/{id}/send"), None).await;
        assert_eq!(again.status, StatusCode::NO_CONTENT, "{}", again.body);
        world.drain().await;
        assert_eq!(newest(&world).await.0, "sent");
    }
}

#[tokio::test]
async fn a_changed_address_works_by_itself_and_sign_in_links_always_go() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    let pool = world.house.db("deliver").pool().clone();
    // The address changes before the report of the old one comes: it is about the old one.
    let change = "update directory.people set address = $1 where address = $2";
    sqlx::query(change).bind("new@people.example").bind("kc-college@people.example").execute(&pool).await.unwrap();
    take(&world, &folder, &report(&path, "failed", "5.1.1", "gone")).await;
    assert_eq!(list(&world).await.len(), 1);
    sent(&world, 4).await;
    assert_eq!((newest(&world).await.0, kept(&world)), ("sent".to_owned(), 2));
    sqlx::query(change).bind("KC-College@people.example").bind("new@people.example").execute(&pool).await.unwrap();
    sent(&world, 5).await;
    assert_eq!((newest(&world).await.0, kept(&world)), ("skipped".to_owned(), 2), "the old one, in other letters");
    // Whoever asks for a link sits in front of the screen.
    let (old, other) = ("kc-college@people.example", "KC-College@people.example");
    sqlx::query(change).bind(old).bind(other).execute(&pool).await.unwrap();
    ask(&world, "kc-college@people.example").await;
    link(&world, 2).await;
}

#[tokio::test]
async fn soft_bounces_count_together_and_our_own_faults_do_not_count() {
    let (world, folder) = returning(1).await;
    let soft = |path: &str| report(path, "failed", "4.2.2", "452 4.2.2 mailbox full");
    for openings in 3..=6 {
        let path = sent(&world, openings).await;
        take(&world, &folder, &soft(&path)).await;
        assert_eq!(newest(&world).await.0, "bounced");
        let blocked = sent(&world, openings + 100).await;
        take(&world, &folder, &report(&blocked, "failed", "5.7.1", "550 5.7.1 blocked")).await;
        let (state, reason) = newest(&world).await;
        assert!(state == "bounced" && reason.starts_with("bounced: 5.7.1"), "{state} {reason}");
        assert!(list(&world).await.is_empty(), "after {openings}");
    }
    assert_eq!((counted(&world, "soft").await, counted(&world, "policy").await), (4, 4));
    // 31 days later the four are forgotten.
    world.pass(Duration::from_secs(31 * 24 * 3_600));
    for openings in 7..=11 {
        assert!(list(&world).await.is_empty(), "before {openings}");
        let path = sent(&world, openings).await;
        take(&world, &folder, &soft(&path)).await;
    }
    let listed = list(&world).await;
    assert_eq!(listed[0]["kind"], "soft", "{listed:?}");
    // Allowed again, it takes as many once more.
    let allow = format!("/api/v1/suppressions/{}/allow", listed[0]["id"].as_str().unwrap());
    world.call(Some("kc-staff"), Method::POST, &allow, None).await;
    let path = sent(&world, 12).await;
    take(&world, &folder, &soft(&path)).await;
    assert!(list(&world).await.is_empty());
}

#[tokio::test]
async fn a_delay_changes_nothing_and_a_complaint_ends_the_mails() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    take(&world, &folder, &report(&path, "delayed", "4.4.1", "connection timed out")).await;
    let (state, reason) = newest(&world).await;
    assert!(state == "sent" && reason.starts_with("the mail server still tries: 4.4.1"), "{state} {reason}");
    let complaint = format!(
        "From: <fbl@mail.example>\r\nTo: <abuse@wire.example>\r\nContent-Type: multipart/report; \
         report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n\
         Feedback-Type: abuse\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <{path}>\r\n\
         Subject: x\r\n\r\nHello\r\n--b--\r\n"
    );
    take(&world, &folder, &complaint).await;
    assert_eq!(newest(&world).await, ("sent".to_owned(), "its receiver marked it as spam".to_owned()));
    assert_eq!(list(&world).await[0]["kind"], "complaint");
    sent(&world, 4).await;
    assert_eq!((newest(&world).await.0.as_str(), kept(&world)), ("skipped", 1));
    assert_eq!((counted(&world, "delayed").await, counted(&world, "complaint").await), (1, 1));
}

#[tokio::test]
async fn a_mail_ends_the_mails_of_its_subscription_and_of_no_other() {
    let (world, folder) = returning(2).await;
    sent(&world, 3).await;
    assert_eq!(kept(&world), 2);
    let raw = world.catcher.mailbox.raw(1).unwrap();
    let mail = mailparse::parse_mail(&raw).unwrap();
    let header = mailparse::MailHeaderMap::get_first_value(&mail.headers[..], "List-Unsubscribe").unwrap();
    let address = header.split("<mailto:").nth(1).unwrap().split('?').next().unwrap().to_owned();
    let stop =
        format!("From: somebody@people.example\r\nTo: {}\r\nSubject: unsubscribe\r\n\r\n", address.to_uppercase());
    let machine = stop.replace("Subject", "Auto-Submitted: auto-replied\r\nSubject");
    take(&world, &folder, &machine).await;
    sent(&world, 4).await;
    assert_eq!(kept(&world), 4, "a machine ends nothing");
    take(&world, &folder, &stop).await;
    sent(&world, 5).await;
    assert_eq!((kept(&world), counted(&world, "unsubscribed").await, counted(&world, "auto_reply").await), (5, 1, 1));
    assert!(list(&world).await.is_empty());
}

#[tokio::test]
async fn what_proves_nothing_does_nothing_and_nothing_is_lost() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    let (local, _) = path.split_once('@').unwrap();
    let last = if local.ends_with('a') { 'b' } else { 'a' };
    let forged = format!("{}{last}@wire.example", &local[..local.len() - 1]);
    put(&folder, "1", &report(&forged, "failed", "5.1.1", "forged"));
    // The Message-ID is known to everybody whom the mail was passed on to.
    let id = world.catcher.mailbox.list()[0].message_id.clone();
    put(&folder, "2", &report("bounces@wire.example", "failed", "5.1.1", &id));
    put(&folder, "3", "");
    put(&folder, "4", "no mail");
    put(&folder, "5", &format!("From: a@b\r\nTo: {path}\r\n\r\nhello"));
    world.drain().await;
    assert_eq!(newest(&world).await.0, "sent");
    assert!(list(&world).await.is_empty());
    assert_eq!((counted(&world, "unrecognized").await, counted(&world, "unreadable").await), (3, 2));
    let at = |name: &str| names(&folder.path().join(name));
    assert_eq!((at("new").len(), at("cur")), (0, vec!["1:2,S".to_owned(), "2:2,S".to_owned(), "5:2,S".to_owned()]));
    assert_eq!(
        (at(".unreadable/new"), at(".unreadable/why")),
        (vec!["3".to_owned(), "4".to_owned()], vec!["3.txt".to_owned(), "4.txt".to_owned()])
    );
    let why = std::fs::read_to_string(folder.path().join(".unreadable/why/4.txt")).unwrap();
    assert!(why.contains("no headers"), "{why}");
}

#[tokio::test]
async fn a_report_that_comes_while_its_delivery_is_tried_waits() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    let pool = world.house.db("deliver").pool().clone();
    let set = |state: &'static str| {
        let hour = world.now() + chrono::TimeDelta::hours(1);
        sqlx::query("update deliver.deliveries set state = $1, lease_until = $2").bind(state).bind(hour).execute(&pool)
    };
    set("handing_over").await.unwrap();
    let back = report(&path, "failed", "5.1.1", "gone");
    put(&folder, "1", &back);
    world.drain().await;
    assert_eq!(names(&folder.path().join("new")), ["1"]);
    assert_eq!(pipe(&world, &[], &back).await, Some(75));
    set("uncertain").await.unwrap();
    world.drain().await;
    assert_eq!(newest(&world).await.0, "bounced", "now it is known what became of it");
}

/// Runs `skillwire bounce` with a mail on its standard input; its exit code.
async fn pipe(world: &World, more: &[(&str, &str)], mail: &str) -> Option<i32> {
    let settings = &world.house.settings;
    let mut command = Command::new(program());
    command
        .args(["bounce", "--recipient", "postmaster@wire.example"])
        .env("SKILLWIRE_DATABASE_URL", &settings.database.url)
        .env("SKILLWIRE_NATS_URL", "nats://127.0.0.1:1")
        .env("SKILLWIRE_SECRET_KEY", &settings.secret.key)
        .env("SKILLWIRE_DELIVER_BOUNCE_ADDRESS", "bounces@wire.example")
        .envs(more.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mail = mail.to_owned();
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
        child.wait().unwrap().code()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn the_pipe_tells_the_mail_server_what_to_do_with_the_mail() {
    let (world, _folder) = returning(1).await;
    let path = sent(&world, 3).await;
    let back = report(&path, "failed", "5.1.1", "gone");
    let away = [
        ("SKILLWIRE_DATABASE_URL", "postgres://skillwire@127.0.0.1:1/none"),
        ("SKILLWIRE_DATABASE_ACQUIRE_TIMEOUT_S", "1"),
    ];
    assert_eq!(pipe(&world, &away, &back).await, Some(75), "the database is away");
    assert_eq!(pipe(&world, &[("SKILLWIRE_SECRET_KEY", "")], &back).await, Some(75), "a setting is wrong");
    assert_eq!(newest(&world).await.0, "sent");
    assert_eq!(pipe(&world, &[], "no mail").await, Some(65));
    assert_eq!(pipe(&world, &[], "From: a@b\r\n\r\nbuy").await, Some(0));
    let large = back.replace("Sorry", &"x".repeat(5 * 1024 * 1024));
    assert_eq!(pipe(&world, &[], &large).await, Some(65));
    assert_eq!(pipe(&world, &[], &back).await, Some(0));
    assert_eq!(newest(&world).await.0, "bounced");
    world.drain().await;
    assert_eq!(
        (counted(&world, "hard").await, counted(&world, "unreadable").await),
        (1, 2),
        "the metrics know of the pipe"
    );
}

#[tokio::test]
async fn no_address_stands_in_the_tables_of_delivery() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    take(&world, &folder, &report(&path, "failed", "5.1.1", "550 kc-college@people.example unknown")).await;
    let pool = world.house.db("deliver").pool().clone();
    let tables =
        sqlx::query("select table_name::text as name from information_schema.tables where table_schema = 'deliver'");
    let mut seen = 0;
    for table in tables.fetch_all(&pool).await.unwrap() {
        let name: String = table.get("name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("select t::text as row from deliver.{name} t")));
        for row in rows.fetch_all(&pool).await.unwrap() {
            let text: String = row.get("row");
            seen += 1;
            assert!(!text.contains("people.example") && !text.contains("kc-college@"), "deliver.{name}: {text}");
        }
    }
    assert!(seen > 5, "{seen} rows");
}

#[tokio::test]
async fn the_page_shows_who_gets_no_mails_and_lets_staff_allow_it() {
    let (world, folder) = returning(1).await;
    let path = sent(&world, 3).await;
    take(&world, &folder, &report(&path, "failed", "5.1.1", "gone")).await;
    let page = |path: String| {
        let request = world.client().get(format!("{}{path}", world.url)).header("accept", "text/html");
        async { request.bearer_auth(world.token("kc-staff")).send().await.unwrap().text().await.unwrap() }
    };
    let text = page("/suppressions".to_owned()).await;
    assert!(text.contains("Person kc-college") && text.contains("5.1.1") && text.contains("Allow again"), "{text}");
    let delivery = deliveries(&world).await[0]["id"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("/deliveries/{delivery}")));
    let text = page(format!("/deliveries/{delivery}")).await;
    assert!(text.contains("badge-bad\">bounced") && text.contains("bounced: 5.1.1"), "{text}");
}
