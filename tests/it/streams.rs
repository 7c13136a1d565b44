//! A subscriber's stream is their own: what credentials open, what they do not, and how they end.

use std::process::Stdio;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire_runtime::{Clock, SystemClock};
use skillwire_tests::World;

/// How long what must not come is waited for.
const SILENCE: Duration = Duration::from_millis(300);

/// A world on the machine's time: NATS itself looks at what credentials are good until.
async fn world() -> World {
    let world = World::new().await;
    world.clock.set(SystemClock.now());
    world
}

/// A subscription by stream of somebody; gives its id.
async fn subscribed(world: &World, who: &str) -> String {
    let asked = json!({"name": "Feed", "channels": ["stream"], "cadence": "daily",
        "predicate": {"region_levels": ["total"], "concept_kinds": ["occupation"]}});
    let made = world.call(Some(who), Method::POST, "/api/v1/subscriptions", Some(asked)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    world.drain().await;
    made.body["id"].as_str().unwrap().to_owned()
}

async fn credentials(world: &World, who: &str, id: &str) -> Value {
    let path = format!("/api/v1/streams/{id}/credentials");
    let told = world.call(Some(who), Method::POST, &path, None).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    told.body
}

fn text<'a>(told: &'a Value, key: &str) -> &'a str {
    told[key].as_str().unwrap()
}

fn options(told: &Value) -> ConnectOptions {
    ConnectOptions::with_user_and_password(text(told, "user").to_owned(), text(told, "password").to_owned())
        .custom_inbox_prefix(text(told, "inbox_prefix"))
        .max_reconnects(Some(1))
}

/// Comes in, while the door is answered.
async fn come_in(world: &World, told: &Value) -> Result<Client, async_nats::ConnectError> {
    world.while_it_runs(options(told).connect(text(told, "server"))).await
}

/// Three employers of a partnership need welders in three revisions: (what, how many) are told.
async fn told_of_welders(world: &World, key: &str, county: &str) {
    for n in 1..=5 {
        world.need(&format!("{key}-e{n}"), "W-1", "Welder", county, 3).await;
        world.drain().await;
    }
}

/// The Rust example: a pull, the messages, an acknowledgement each. Gives their bodies.
async fn read(client: &Client, told: &Value, count: usize) -> Vec<Value> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    let pull = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", text(told, "stream"), text(told, "consumer"));
    let asked = json!({"batch": count, "no_wait": true}).to_string();
    client.publish_with_reply(pull, inbox, asked.into()).await.unwrap();
    let mut found = Vec::new();
    while found.len() < count
        && let Ok(Some(message)) = tokio::time::timeout(Duration::from_secs(2), answers.next()).await
    {
        // 404: there are no more now.
        if message.status.is_some() {
            break;
        }
        found.push(serde_json::from_slice(&message.payload).unwrap());
        client.publish(message.reply.unwrap(), "+ACK".into()).await.unwrap();
    }
    client.flush().await.unwrap();
    found
}

#[tokio::test]
async fn credentials_read_their_own_feed_in_rust_and_in_python() {
    let world = world().await;
    let id = subscribed(&world, "kc-college").await;
    told_of_welders(&world, "kc", "29095").await;
    let told = credentials(&world, "kc-college", &id).await;
    let client = come_in(&world, &told).await.unwrap();
    let first = read(&client, &told, 2).await;
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|event| event["type"] == "skillwire.signal.published.v1"), "{first:?}");
    // The same reader in Python goes on where this one stopped.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/stream_client.py");
    let folder = std::env::var("SKILLWIRE_TEST_PYTHONPATH")
        .unwrap_or_else(|_| panic!("SKILLWIRE_TEST_PYTHONPATH is not set: run the tests by ./tests/run"));
    let keys = ["server", "user", "password", "stream", "consumer", "inbox_prefix"];
    let child = tokio::process::Command::new("python3")
        .arg(script)
        .args(keys.map(|key| text(&told, key)))
        .arg("1")
        .env("PYTHONPATH", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = world.while_it_runs(child.wait_with_output()).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let deliveries = world.get("kc-college", "/api/v1/deliveries?channel=stream").await;
    let mut ids: Vec<&str> = deliveries["deliveries"].as_array().unwrap().iter().map(|d| text(d, "id")).collect();
    ids.retain(|id| first.iter().all(|event| event["id"] != *id));
    assert_eq!(ids.len(), 1, "{deliveries}");
    assert_eq!(said.trim(), format!("{} skillwire.signal.published.v1", ids[0]));
    let view = world.get("kc-college", &format!("/api/v1/streams/{id}")).await;
    assert!(view["unread"] == 0 && view["last_used_at"].is_string(), "{view}");
    assert!(!view.to_string().contains("sws_"), "told once");
}

/// A hostile subscriber, a victim of another partnership, and what both were told.
struct Two {
    world: World,
    hostile: Client,
    victim: Client,
    /// What the hostile one was told, and the victim.
    told: (Value, Value),
    /// A connection of our own.
    behind: Client,
}

async fn two() -> Two {
    let world = world().await;
    let (mine, theirs) = (subscribed(&world, "kc-college").await, subscribed(&world, "mv-college").await);
    let a = credentials(&world, "kc-college", &mine).await;
    let b = credentials(&world, "mv-college", &theirs).await;
    let (hostile, victim) = (come_in(&world, &a).await.unwrap(), come_in(&world, &b).await.unwrap());
    let behind = world.nats.client().await;
    Two { world, hostile, victim, told: (a, b), behind }
}

#[tokio::test]
async fn a_hostile_subscriber_hears_nothing_whatever_it_listens_to() {
    let Two { world, hostile, victim, told: (a, b), behind } = two().await;
    let (mine, theirs) = (text(&a, "user"), text(&b, "user"));
    let subjects = [
        ">",
        "*",
        "*.>",
        "feed.>",
        "_INBOX.>",
        "_INBOX*.>",
        "$SYS.>",
        "$SYS.REQ.USER.AUTH",
        "$JS.>",
        "$JS.ACK.>",
        "$JS.API.>",
        "$JS.EVENT.ADVISORY.>",
        "skillwire.>",
        "wire.>",
        "wire.kick.*",
    ];
    let named = [
        format!("feed.{theirs}.>"),
        format!("feed.{theirs}.signal"),
        format!("_INBOX_{theirs}.>"),
        format!("feed.{mine}.>"),
    ];
    let mut ears = Vec::new();
    for subject in subjects.iter().map(|s| (*s).to_owned()).chain(named) {
        ears.push((subject.clone(), hostile.subscribe(subject.clone()).await.unwrap()));
        // In a group: it cannot take half of it away from others either.
        ears.push((subject.clone(), hostile.queue_subscribe(subject, "skillwire".to_owned()).await.unwrap()));
    }
    hostile.flush().await.unwrap();
    told_of_welders(&world, "mv", "39113").await;
    told_of_welders(&world, "kc", "29095").await;
    assert_eq!(read(&victim, &b, 3).await.len(), 3, "there is something to hear");
    for inbox in [format!("_INBOX_{theirs}.x"), "_INBOX.x".to_owned()] {
        behind.publish(inbox, "secret".into()).await.unwrap();
    }
    behind.flush().await.unwrap();
    for (subject, mut ear) in ears {
        let heard = tokio::time::timeout(Duration::from_millis(20), ear.next()).await;
        assert!(!matches!(heard, Ok(Some(_))), "{subject}: {heard:?}");
    }
    assert_eq!(read(&hostile, &a, 3).await.len(), 3, "its own way is open");
}

#[tokio::test]
async fn a_hostile_subscriber_is_told_nothing_whatever_it_asks() {
    let Two { world, hostile, victim, told: (a, b), .. } = two().await;
    let (mine, theirs) = (text(&a, "user"), text(&b, "user"));
    told_of_welders(&world, "mv", "39113").await;
    // JetStream's API, not even about itself; the system's; the door's.
    let asked = format!(
        "INFO STREAM.NAMES STREAM.LIST STREAM.INFO.FEED STREAM.MSG.GET.FEED STREAM.DELETE.FEED STREAM.PURGE.FEED \
         STREAM.CREATE.MINE STREAM.UPDATE.FEED STREAM.SNAPSHOT.FEED CONSUMER.NAMES.FEED CONSUMER.LIST.FEED \
         CONSUMER.CREATE.FEED CONSUMER.CREATE.FEED.x CONSUMER.CREATE.FEED.x.feed.{theirs}.signal \
         CONSUMER.DURABLE.CREATE.FEED.x CONSUMER.INFO.FEED.{theirs} CONSUMER.INFO.FEED.{mine} \
         CONSUMER.DELETE.FEED.{theirs} CONSUMER.DELETE.FEED.{mine} CONSUMER.MSG.NEXT.FEED.{theirs} \
         CONSUMER.MSG.NEXT.SKILLWIRE.deliver DIRECT.GET.FEED DIRECT.GET.FEED.feed.{theirs}.signal \
         ACCOUNT.PURGE.WIRE META.LEADER.STEPDOWN"
    );
    let system =
        "$SYS.REQ.USER.INFO $SYS.REQ.ACCOUNT.PING.CONNZ $SYS.REQ.SERVER.PING $SYS.REQ.USER.AUTH wire.kick.x".split(' ');
    let all = asked.split_whitespace().map(|s| format!("$JS.API.{s}")).chain(system.map(str::to_owned));
    let asking: Vec<_> = all
        .map(|subject| {
            let hostile = hostile.clone();
            async move {
                let answer = tokio::time::timeout(SILENCE, hostile.request(subject.clone(), "{}".into())).await;
                assert!(!matches!(answer, Ok(Ok(_))), "{subject}: {answer:?}");
            }
        })
        .collect();
    assert!(asking.len() > 30);
    futures::future::join_all(asking).await;
    assert_eq!(read(&victim, &b, 3).await.len(), 3, "the victim has lost nothing");
}

#[tokio::test]
async fn a_hostile_subscriber_publishes_nothing() {
    let Two { world, hostile, victim, told: (a, b), behind } = two().await;
    let (mine, theirs) = (text(&a, "user"), text(&b, "user"));
    told_of_welders(&world, "mv", "39113").await;
    let last = async |stream: &str| {
        let jetstream = async_nats::jetstream::new(behind.clone());
        jetstream.get_stream(stream).await.unwrap().cached_info().state.last_sequence
    };
    let before = (last("FEED").await, last("SKILLWIRE").await);
    let mut inbox = victim.subscribe(format!("_INBOX_{theirs}.y")).await.unwrap();
    victim.flush().await.unwrap();
    for subject in [
        format!("feed.{theirs}.signal"),
        format!("feed.{mine}.signal"),
        "skillwire.signal.published.v1.x".to_owned(),
        format!("_INBOX_{theirs}.y"),
        // An acknowledgement of the victim's first message, before the victim has read it.
        format!("$JS.ACK.FEED.{theirs}.1.1.1.1.0"),
    ] {
        hostile.publish(subject, "+ACK".into()).await.unwrap();
    }
    // Its own pull is answered after all that: the server has seen it. (Flushing only writes to the socket.)
    assert!(read(&hostile, &a, 1).await.is_empty());
    assert!(tokio::time::timeout(SILENCE, inbox.next()).await.is_err(), "nothing came into another's inbox");
    assert_eq!((last("FEED").await, last("SKILLWIRE").await), before);
    assert_eq!(read(&victim, &b, 3).await.len(), 3, "the victim has lost nothing");
}

#[tokio::test]
async fn nobody_comes_in_with_what_is_not_theirs() {
    let world = world().await;
    let (mine, theirs) = (subscribed(&world, "kc-college").await, subscribed(&world, "mv-college").await);
    let told = credentials(&world, "kc-college", &mine).await;
    credentials(&world, "mv-college", &theirs).await;
    let with = |user: &str, password: &str| {
        let mut other = told.clone();
        other["user"] = user.into();
        other["password"] = password.into();
        other
    };
    let password = text(&told, "password");
    for bad in
        [with(&theirs, password), with(&mine, "wrong"), with("skillwire", password), with("", ""), with(&mine, "")]
    {
        assert!(come_in(&world, &bad).await.is_err(), "{bad}");
    }
    let nothing =
        world.while_it_runs(ConnectOptions::new().max_reconnects(Some(1)).connect(text(&told, "server"))).await;
    assert!(nothing.is_err(), "without a name");
    assert!(come_in(&world, &told).await.is_ok(), "and with what is theirs they do");
    let status = async |who: &'static str, method: Method| {
        world.call(Some(who), method, &format!("/api/v1/streams/{mine}/credentials"), None).await.status.as_u16()
    };
    assert_eq!(status("kc-staff", Method::POST).await, 403, "staff are not told");
    assert_eq!(status("mv-staff", Method::POST).await, 404);
    assert_eq!(status("mv-college", Method::DELETE).await, 404);
    assert_eq!(status("kc-e1", Method::POST).await, 403);
}

/// Whether a connection was put out: it is told so, or the socket ends.
async fn is_out(client: &Client) -> bool {
    for _ in 0..100 {
        if client.connection_state() != async_nats::connection::State::Connected || client.flush().await.is_err() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn revoking_works_at_once() {
    let world = world().await;
    let id = subscribed(&world, "kc-college").await;
    told_of_welders(&world, "kc", "29095").await;
    let told = credentials(&world, "kc-college", &id).await;
    let client = come_in(&world, &told).await.unwrap();
    assert_eq!(read(&client, &told, 1).await.len(), 1);
    // The call itself puts them out: no loop is stepped in between.
    let path = format!("/api/v1/streams/{id}/credentials");
    let revoked = world.call(Some("kc-college"), Method::DELETE, &path, None).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT, "{}", revoked.body);
    assert!(is_out(&client).await, "who was in is out");
    assert!(come_in(&world, &told).await.is_err(), "and does not come in again");
    assert_eq!(world.call(Some("kc-college"), Method::DELETE, &path, None).await.status, StatusCode::CONFLICT);
    assert!(!world.house.bus.readers().await.unwrap().contains(&id), "its consumer is gone");

    // New credentials end the former ones.
    let second = credentials(&world, "kc-college", &id).await;
    let client = come_in(&world, &second).await.unwrap();
    let third = credentials(&world, "kc-college", &id).await;
    assert!(is_out(&client).await);
    assert!(come_in(&world, &second).await.is_err());
    let client = come_in(&world, &third).await.unwrap();
    assert_eq!(read(&client, &third, 3).await.len(), 3, "another consumer begins with the oldest");

    // So does the end of the subscription.
    let ended = world.call(Some("kc-college"), Method::DELETE, &format!("/api/v1/subscriptions/{id}"), None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    world.drain().await;
    world.pass(Duration::from_secs(6));
    world.drain().await;
    assert!(is_out(&client).await);
    assert!(come_in(&world, &third).await.is_err());
}

#[tokio::test]
async fn a_stream_is_read_again_from_a_day_or_a_revision() {
    let world = world().await;
    let id = subscribed(&world, "kc-college").await;
    told_of_welders(&world, "kc", "29095").await;
    let told = credentials(&world, "kc-college", &id).await;
    let client = come_in(&world, &told).await.unwrap();
    let all = read(&client, &told, 10).await;
    assert_eq!(all.len(), 3);
    assert!(read(&client, &told, 10).await.is_empty(), "all is read");
    let path = format!("/api/v1/streams/{id}/replay");
    let replay = async |body: Value| world.call(Some("kc-college"), Method::POST, &path, Some(body)).await;
    let signal = &all[1]["data"]["signal"];
    let second = replay(json!({"signal": signal["id"], "revision": signal["revision"]})).await;
    assert_eq!(second.body["unread"], 2, "{}", second.body);
    assert_eq!(read(&client, &told, 10).await, all[1..], "with the same ids and words");
    assert_eq!(replay(json!({"since": world.now() - chrono::TimeDelta::days(1)})).await.body["unread"], 3);
    assert_eq!(read(&client, &told, 10).await, all);
    assert_eq!(replay(json!({"since": world.now() + chrono::TimeDelta::days(1)})).await.body["unread"], 0);
    assert_eq!(replay(json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unknown = json!({"signal": signal["id"], "revision": 999});
    assert_eq!(replay(unknown).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_nats_lost_is_made_again() {
    let mut world = world().await;
    let id = subscribed(&world, "kc-college").await;
    told_of_welders(&world, "kc", "29095").await;
    let told = credentials(&world, "kc-college", &id).await;
    world.nats.wipe().await;
    world.stumble(3).await;
    world.connected().await;
    let db = world.house.db("deliver");
    skillwire_deliver::replay_since(&db, world.now() - chrono::TimeDelta::days(1), world.now()).await.unwrap();
    world.drain().await;
    let client = come_in(&world, &told).await.unwrap();
    assert_eq!(read(&client, &told, 10).await.len(), 3, "the same credentials, a consumer made again, the same feed");
}
