//! The way of a mail: connections that are used again, every fault of the mail server and of the network on the way to it, and
//! the signature.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire::settings::Settings;
use skillwire_deliver::catcher::Fault;
use skillwire_deliver::mail::dkim::{self, KeyKind};
use skillwire_runtime::SeededIds;
use skillwire_tests::World;
use skillwire_tests::proxy::{Behaviour, Proxy};

use crate::commands::program;
use crate::sign_in::{ask, link};

/// A world whose mail server is not waited for long, with so many instant subscriptions and nothing gathered yet.
pub(crate) async fn subscribed(count: usize, change: impl FnOnce(&mut Settings)) -> World {
    let world = World::with(|settings| {
        settings.deliver.smtp_timeout_s = 1;
        settings.deliver.smtp_answer_timeout_s = 3;
        settings.deliver.mails_at_once_max = 1;
        change(settings);
    })
    .await;
    for n in 0..count {
        let name = format!("At once {n}");
        let instant = json!({"name": name, "channels": ["email"], "cadence": "instant",
            "predicate": {"region_levels": ["total"], "concept_kinds": ["occupation"]}});
        let made = world.call(Some("kc-college"), Method::POST, "/api/v1/subscriptions", Some(instant)).await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    for n in 1..=2 {
        world.need(&format!("kc-e{n}"), "W-1", "Welder", "29095", 3).await;
    }
    world.drain().await;
    world
}

/// Brings news, so that each subscription has a mail due.
pub(crate) async fn news(world: &World, openings: u32) {
    world.need("kc-e3", "W-1", "Welder", "29095", openings).await;
    world.drain().await;
    world.pass(Duration::from_secs(61));
}

pub(crate) async fn deliveries(world: &World) -> Vec<Value> {
    let list = world.get("kc-college", "/api/v1/deliveries?channel=email").await;
    list["deliveries"].as_array().unwrap().clone()
}

/// (state, tries, uncertain) of the newest delivery.
async fn newest(world: &World) -> (String, u64, u64) {
    let one = deliveries(world).await[0].clone();
    let number = |key: &str| one[key].as_u64().unwrap();
    (one["state"].as_str().unwrap().to_owned(), number("tries"), number("uncertain"))
}

fn kept(world: &World) -> usize {
    world.catcher.mailbox.list().len()
}

fn connections(world: &World) -> u64 {
    world.catcher.connections.load(Ordering::Relaxed)
}

async fn suppressed(world: &World) -> usize {
    world.get("kc-staff", "/api/v1/suppressions").await["suppressions"].as_array().unwrap().len()
}

/// Plays each fault in a world of its own.
async fn play(faults: &[Fault], first: (&'static str, u64, usize), last: (&'static str, usize), left_alone: bool) {
    for fault in faults {
        let world = subscribed(1, |_| {}).await;
        news(&world, 3).await;
        world.catcher.faults.plan(*fault, 1);
        world.drain().await;
        let (state, tries, uncertain) = newest(&world).await;
        assert_eq!((state.as_str(), uncertain, kept(&world)), first, "{fault:?}, first");
        assert_eq!(tries, 1, "{fault:?}");
        let wait = if uncertain > 0 { 601 } else { 60 };
        world.pass(Duration::from_secs(wait));
        world.drain().await;
        assert_eq!((newest(&world).await.0.as_str(), kept(&world)), last, "{fault:?}, last");
        let mails = world.catcher.mailbox.list();
        assert!(mails.windows(2).all(|two| two[0].message_id == two[1].message_id), "{fault:?}: the same Message-ID");
        assert_eq!(suppressed(&world).await, usize::from(left_alone), "{fault:?}");
    }
}

// Every fault of the mail server there is, what it leads to at once (state, unknown outcomes, mails that arrived) and in the
// end, and whether the address is left alone from then on.

#[tokio::test]
async fn a_busy_server_is_tried_again() {
    let busy = [Fault::Greeting421, Fault::Busy421, Fault::Recipient421, Fault::Data421];
    play(&busy, ("waiting", 0, 0), ("sent", 1), false).await;
    let later = [Fault::Later451, Fault::LaterAtData451, Fault::LaterAfterContent451];
    play(&later, ("waiting", 0, 0), ("sent", 1), false).await;
}

#[tokio::test]
async fn silence_and_a_fall_before_the_content_are_tried_again() {
    let silent = [Fault::Hang, Fault::HangAtData, Fault::CloseBeforeContent];
    play(&silent, ("waiting", 0, 0), ("sent", 1), false).await;
}

#[tokio::test]
async fn silence_and_a_fall_once_the_content_leaves_are_uncertain_and_tried_once_more() {
    // Nobody can tell whether the dot arrived.
    play(&[Fault::CloseWithinContent], ("waiting", 1, 0), ("sent", 1), false).await;
    let after = [Fault::CloseAfterContent, Fault::HangAfterContent];
    play(&after, ("waiting", 1, 1), ("sent", 2), false).await;
    play(&[Fault::SlowYes], ("sent", 0, 1), ("sent", 1), false).await;
}

#[tokio::test]
async fn a_no_is_for_good_and_is_about_the_address_or_not() {
    play(&[Fault::No550, Fault::Unknown511], ("failed", 0, 0), ("failed", 0), true).await;
    play(&[Fault::Policy571, Fault::Refuse554], ("failed", 0, 0), ("failed", 0), false).await;
}

#[tokio::test]
async fn one_connection_carries_many_mails() {
    let world = subscribed(5, |settings| {
        settings.deliver.smtp_mails_per_connection_max = 3;
        settings.deliver.smtp_idle_s = 100;
    })
    .await;
    for (openings, wait_s, mails, lines, why) in [
        (3, 0, 5, 2, "three, and two over the next one"),
        (4, 0, 10, 4, "one more over the second, three, one"),
        (5, 60, 15, 6, "the fourth was idle too long: three, and two"),
    ] {
        news(&world, openings).await;
        world.pass(Duration::from_secs(wait_s));
        world.drain().await;
        assert_eq!((kept(&world), connections(&world)), (mails, lines), "{why}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_costs_no_attempt() {
    let closing = [
        Fault::Busy421,
        Fault::Recipient421,
        Fault::Data421,
        Fault::CloseBeforeContent,
        Fault::Hang,
        Fault::HangAtData,
    ];
    for fault in closing {
        let world = subscribed(2, |_| {}).await;
        news(&world, 3).await;
        // The first of the two goes through, the second meets the fault on the connection of the first.
        world.catcher.faults.plan(Fault::None, 1);
        world.catcher.faults.plan(fault, 1);
        world.drain().await;
        let all: Vec<(String, u64)> = deliveries(&world)
            .await
            .iter()
            .map(|d| (d["state"].as_str().unwrap().to_owned(), d["tries"].as_u64().unwrap()))
            .collect();
        assert_eq!(all, vec![("sent".to_owned(), 1); 2], "{fault:?}");
        assert_eq!((kept(&world), connections(&world)), (2, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn after_a_no_the_connection_goes_on_and_after_an_unknown_outcome_it_does_not() {
    for (fault, lines) in
        [(Fault::Policy571, 1), (Fault::Refuse554, 1), (Fault::Later451, 1), (Fault::CloseAfterContent, 2)]
    {
        let world = subscribed(2, |_| {}).await;
        news(&world, 3).await;
        world.catcher.faults.plan(fault, 1);
        world.drain().await;
        assert_eq!(deliveries(&world).await.iter().filter(|d| d["state"] == "sent").count(), 1, "{fault:?}");
        assert_eq!(connections(&world), lines, "{fault:?}");
    }
    // On a connection that was used before, an outcome that nobody knows is not made known by trying at once.
    let world = subscribed(2, |_| {}).await;
    news(&world, 3).await;
    world.catcher.faults.plan(Fault::None, 1);
    world.catcher.faults.plan(Fault::CloseAfterContent, 1);
    world.drain().await;
    let uncertain: u64 = deliveries(&world).await.iter().map(|d| d["uncertain"].as_u64().unwrap()).sum();
    assert_eq!((uncertain, kept(&world), connections(&world)), (1, 2, 1));
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_not_taken_for_the_answer_to_something_else() {
    let world = subscribed(2, |settings| settings.deliver.smtp_answer_timeout_s = 1).await;
    news(&world, 3).await;
    world.catcher.faults.plan(Fault::SlowYes, 1);
    world.drain().await;
    let states: Vec<String> =
        deliveries(&world).await.iter().map(|d| d["state"].as_str().unwrap().to_owned()).collect();
    assert!(states.contains(&"waiting".to_owned()) && states.contains(&"sent".to_owned()), "{states:?}");
    assert_eq!((kept(&world), connections(&world)), (2, 2), "the second mail has a connection of its own");
}

/// A world that reaches its mail server by a proxy.
async fn by_proxy(count: usize) -> (World, Proxy) {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut to = None;
    let world = subscribed(count, |settings| {
        to = settings.deliver.smtp_url.strip_prefix("smtp://").map(|server| server.parse().unwrap());
        settings.deliver.smtp_url = format!("smtp://{address}");
    })
    .await;
    let proxy = Proxy::at(address, to.unwrap()).await;
    (world, proxy)
}

#[tokio::test]
async fn a_bad_network_delays_mails_and_loses_none() {
    let (world, proxy) = by_proxy(1).await;
    proxy.behave(Behaviour::Late(Duration::from_millis(40)));
    news(&world, 3).await;
    world.drain().await;
    assert_eq!((newest(&world).await, kept(&world)), (("sent".to_owned(), 1, 0), 1), "slow is not lost");
    // The open connection is reset between two mails; a new one opens.
    proxy.behave(Behaviour::Reset);
    proxy.behave(Behaviour::Pass);
    for (bad, openings) in [(Behaviour::Reset, 4), (Behaviour::BlackHole, 5)] {
        let before = kept(&world);
        news(&world, openings).await;
        proxy.behave(bad);
        world.drain().await;
        let (state, tries, uncertain) = newest(&world).await;
        assert_eq!((state.as_str(), tries, uncertain, kept(&world)), ("waiting", 1, 0, before), "{bad:?}");
        proxy.behave(Behaviour::Pass);
        world.pass(Duration::from_secs(60));
        world.drain().await;
        assert_eq!((newest(&world).await.0.as_str(), kept(&world)), ("sent", before + 1), "{bad:?}");
    }
}

#[tokio::test]
async fn a_reset_of_an_idle_connection_costs_no_attempt() {
    let (world, proxy) = by_proxy(2).await;
    news(&world, 3).await;
    // Within one drain: the first mail, then the trap closes on the second as it begins on the same connection.
    proxy.trap(b"\r\n.\r\nMAIL", Behaviour::Reset);
    world.drain().await;
    let tries: Vec<u64> = deliveries(&world).await.iter().map(|d| d["tries"].as_u64().unwrap()).collect();
    assert_eq!((tries, kept(&world), proxy.taken()), (vec![1, 1], 2, 2));
}

#[tokio::test]
async fn an_answer_lost_on_the_way_leaves_it_uncertain_twice_and_then_for_good() {
    for how in [Behaviour::Reset, Behaviour::BlackHole] {
        let (world, proxy) = by_proxy(1).await;
        news(&world, 3).await;
        proxy.trap(b"\r\n.\r\n", how);
        world.drain().await;
        assert_eq!(newest(&world).await, ("waiting".to_owned(), 1, 1), "{how:?}");
        proxy.trap(b"\r\n.\r\n", how);
        world.pass(Duration::from_secs(601));
        world.drain().await;
        assert_eq!(newest(&world).await, ("uncertain".to_owned(), 2, 2), "{how:?}");
        world.pass(Duration::from_secs(24 * 3_600));
        world.drain().await;
        let mails = world.catcher.mailbox.list();
        assert_eq!(mails.len(), 2, "{how:?}: both arrived, and no third");
        assert_eq!(mails[0].message_id, mails[1].message_id, "{how:?}: its receiver can tell that it is the same");
        let db = world.house.db("deliver");
        let counts = skillwire_deliver::counts(&db, skillwire_tests::world::partnership("kc")).await;
        assert_eq!(counts.unwrap().uncertain, 2, "{how:?}: counted");
    }
}

/// What `dkimpy` says of a mail, given the text of the DNS record: `good`, or why not.
fn verify(raw: &[u8], name: &str, record: &str) -> String {
    let given = json!({"mail": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw),
        "name": name, "record": record});
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/verify_dkim.py");
    let folder = std::env::var("SKILLWIRE_TEST_PYTHONPATH")
        .unwrap_or_else(|_| panic!("SKILLWIRE_TEST_PYTHONPATH is not set: run the tests by ./tests/run"));
    let mut command = Command::new("python3");
    command.arg(script).env("PYTHONPATH", folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A settings file's worth of DKIM: the key in a folder, and the text of its record.
fn signing(folder: &Path, kind: KeyKind) -> (impl FnOnce(&mut Settings) + use<>, String) {
    let (pem, record) = dkim::generate(kind, &SeededIds::new(11)).unwrap();
    let file = folder.join("dkim.pem");
    std::fs::write(&file, pem).unwrap();
    let change = move |settings: &mut Settings| {
        settings.deliver.from = "Skillwire <wire@wire.example>".to_owned();
        settings.deliver.bounce_address = Some("bounces@wire.example".to_owned());
        settings.deliver.dkim_domain = Some("wire.example".to_owned());
        settings.deliver.dkim_selector = Some("s1".to_owned());
        settings.deliver.dkim_key_file = Some(file);
    };
    (change, record.replace("\" \"", "").trim_matches('"').to_owned())
}

#[tokio::test]
async fn signed_mails_hold_with_the_library_of_another_language() {
    for kind in [KeyKind::Rsa, KeyKind::Ed25519] {
        let folder = tempfile::tempdir().unwrap();
        let (change, record) = signing(folder.path(), kind);
        let world = subscribed(1, change).await;
        news(&world, 3).await;
        world.drain().await;
        let name = "s1._domainkey.wire.example.";
        let raw = world.catcher.mailbox.raw(1).unwrap();
        assert_eq!(verify(&raw, name, &record), "good", "{kind:?}");
        assert_ne!(verify(&raw, "s2._domainkey.wire.example.", &record), "good", "{kind:?}: another selector's record");
        let text = String::from_utf8(raw).unwrap();
        let from_to = [
            ("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", ""),
            ("List-Unsubscribe: <http", "List-Unsubscribe: <https://evil.example/>, <http"),
            ("MIME-Version: 1.0", "MIME-Version: 1.1"),
            ("Content-Type: multipart/alternative", "Content-Type: multipart/mixed"),
            ("Subject: ", "Subject: Re: "),
            ("openings", "closings"),
        ];
        for (from, to) in from_to {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert_ne!(verify(changed.as_bytes(), name, &record), "good", "{kind:?}: {from}");
        }
        // What a relay may do on the way: fold a header otherwise.
        let folded =
            text.replacen(">, <mailto", ">,\r\n\t <mailto", 1).replacen(">,\r\n <mailto", ">,\r\n\t<mailto", 1);
        assert_ne!(folded, text);
        assert_eq!(verify(folded.as_bytes(), name, &record), "good", "{kind:?}");
        // Sign-in links are signed too.
        ask(&world, "kc-college@people.example").await;
        link(&world, 1).await;
        assert_eq!(verify(&world.catcher.mailbox.raw(2).unwrap(), name, &record), "good", "{kind:?}");
    }
}

#[tokio::test]
async fn a_key_is_made_and_its_record_is_told_by_two_commands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dkim.pem");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.args(arguments).env("SKILLWIRE_DELIVER_DKIM_DOMAIN", "wire.example");
        command.env("SKILLWIRE_DELIVER_DKIM_SELECTOR", "s1").env("SKILLWIRE_DELIVER_DKIM_KEY_FILE", &file);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let make = ["dkim-key", "--kind", "ed25519", "--out", file.to_str().unwrap()];
    let (code, made, error) = run(&make);
    assert_eq!(code, Some(0), "{error}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    let (code, record, error) = run(&["dkim-record"]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(made.replace("<selector>", "s1").replace("<domain>", "wire.example"), record);
    assert!(record.starts_with("s1._domainkey.wire.example. IN TXT \"v=DKIM1; k=ed25519; p="), "{record}");
    let key = std::fs::read(&file).unwrap();
    assert_eq!(
        (run(&make).0, std::fs::read(&file).unwrap()),
        (Some(1), key),
        "a key that is there is not written over"
    );
}

#[tokio::test]
async fn a_key_that_cannot_be_used_stops_the_start_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (change, _) = signing(folder.path(), KeyKind::Ed25519);
    let mut settings = Settings::default();
    change(&mut settings);
    settings.secret.key = "5a".repeat(32);
    std::fs::write(folder.path().join("dkim.pem"), "rubbish").unwrap();
    let clock = Arc::new(skillwire_runtime::SystemClock);
    let opened = skillwire::house::House::open(settings, clock, Arc::new(SeededIds::new(1))).await;
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("deliver.dkim_key_file") && error.contains("skillwire dkim-key"), "{error}");
}
