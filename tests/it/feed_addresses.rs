//! What the private address of a feed opens, and what its cursor promises when several processes number at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skillwire::house::House;
use skillwire::targets::TARGETS;
use skillwire_runtime::{Progress, SeededIds, Work};
use skillwire_tests::World;

use crate::feeds::{
    COLLEGE, Listening, addresses, asked, fetch, hear, listen, numbers, subscribed, text, told, welders,
};

const FORMATS: [&str; 6] = ["atom", "json_feed", "events", "signals", "csv", "xlsx"];

#[tokio::test]
async fn an_address_that_was_replaced_or_revoked_opens_nothing() {
    let (world, id, first) = told().await;
    assert_eq!(numbers(&world, &first, 0).await, [1, 2, 3]);
    let second = addresses(&world, COLLEGE, &id).await;
    for format in FORMATS {
        let (status, said) = fetch(&world, text(&first, format)).await;
        assert_eq!((status, &said["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{format}: {said}");
    }
    assert_eq!(numbers(&world, &second, 0).await, [1, 2, 3], "the log is kept");
    let path = format!("/api/v1/feeds/{id}/address");
    let revoke = async || world.call(Some(COLLEGE), Method::DELETE, &path, None).await.status;
    assert_eq!(revoke().await, StatusCode::NO_CONTENT);
    for format in FORMATS {
        assert_eq!(fetch(&world, text(&second, format)).await.0, StatusCode::NOT_FOUND, "{format}");
    }
    assert_eq!(revoke().await, StatusCode::CONFLICT);
    let view = world.get(COLLEGE, &format!("/api/v1/feeds/{id}")).await;
    assert!(view["revoked_at"].is_string() && view["made_at"].is_null() && view["begins"].is_null(), "{view}");
}

#[tokio::test]
async fn an_address_opens_its_own_feed_and_is_told_to_its_owner_only() {
    let (world, mine, told) = told().await;
    let theirs = subscribed(&world, "mv-college").await;
    let other = addresses(&world, "mv-college", &theirs).await;
    assert_eq!(numbers(&world, &other, 0).await, [] as [i64; 0], "nothing of the other feed");
    assert_eq!(numbers(&world, &told, 0).await, [1, 2, 3]);
    // Tokens do not mix: the beginning of one and the end of the other.
    let token = |told: &Value| text(told, "signals").rsplit('/').nth(1).unwrap().to_owned();
    let (a, b) = (token(&told), token(&other));
    let mixed = format!("{}{}", &a[..12], &b[12..]);
    assert_eq!(fetch(&world, &text(&told, "signals").replace(&a, &mixed)).await.0, StatusCode::NOT_FOUND);
    let path = format!("/api/v1/feeds/{mine}");
    let address = format!("{path}/address");
    for (who, method, path, wanted) in [
        ("mv-college", Method::GET, &path, StatusCode::NOT_FOUND),
        ("mv-staff", Method::POST, &address, StatusCode::NOT_FOUND),
        ("mv-staff", Method::DELETE, &address, StatusCode::NOT_FOUND),
        ("kc-staff", Method::POST, &address, StatusCode::FORBIDDEN),
        ("kc-e1", Method::POST, &address, StatusCode::FORBIDDEN),
    ] {
        assert_eq!(world.call(Some(who), method, path, None).await.status, wanted, "{who} {path}");
    }
    assert_eq!(numbers(&world, &told, 0).await, [1, 2, 3], "none of them changed anything");
    // Told once: no page and no answer has it again, and what is kept does not open anything.
    let page = world.client().get(format!("{}/feeds/{mine}", world.url)).bearer_auth(world.token(COLLEGE));
    let page = page.header("accept", "text/html").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("&#60;here&#62;") && page.contains("12 openings") && page.contains(&a[..12]), "{page}");
    let rows: Vec<String> = sqlx::query_scalar("select t::text from deliver.feed_addresses t")
        .fetch_all(world.house.db("deliver").pool())
        .await
        .unwrap();
    let kept = format!("{page}{}{rows:?}", world.get(COLLEGE, "/api/v1/feeds").await);
    assert!(!kept.contains(&a) && !kept.contains(&a[4..]) && !kept.contains(&b), "{kept}");
    // By the form of the page it is told too, and that page is kept by nobody.
    let form = world.client().post(format!("{}/feeds/{mine}/address", world.url)).bearer_auth(world.token(COLLEGE));
    let answer = form.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("referrer-policy").as_str(), header("cache-control").as_str()), ("no-referrer", "no-store"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("shown this once") && page.matches("swf_").count() > 6, "{page}");
    assert_eq!(fetch(&world, text(&told, "atom")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_paused_feed_waits_and_an_ended_one_is_closed() {
    let (world, id, told) = told().await;
    let path = format!("/api/v1/subscriptions/{id}");
    let put = async |body: Value| {
        let answer = world.call(Some(COLLEGE), Method::PUT, &path, Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        world.drain().await;
    };
    // Deliver knows of the pause, route not yet: what is on its way is held.
    sqlx::query("update deliver.subscriptions set paused = true").execute(&world.house.pool).await.unwrap();
    welders(&world, 6..=6).await;
    assert_eq!(numbers(&world, &told, 0).await, [1, 2, 3], "nothing comes, and what was told can be read");
    let held = world.get(COLLEGE, "/api/v1/deliveries?channel=feed&state=held").await;
    assert_eq!(held["deliveries"].as_array().unwrap().len(), 1, "{held}");
    // One that waited already is not numbered either.
    let back = "update deliver.deliveries set state = 'waiting' where state = 'held'";
    sqlx::query(back).execute(&world.house.pool).await.unwrap();
    world.drain().await;
    assert_eq!(numbers(&world, &told, 0).await, [1, 2, 3]);
    put(asked(true)).await;
    put(asked(false)).await;
    assert_eq!(numbers(&world, &told, 3).await, [4]);
    // Another channel instead: the address opens nothing more, and does not again when the feed comes back.
    let mut stream = asked(false);
    stream["channels"] = json!(["stream"]);
    put(stream).await;
    assert_eq!(fetch(&world, text(&told, "atom")).await.0, StatusCode::NOT_FOUND);
    put(asked(false)).await;
    assert_eq!(fetch(&world, text(&told, "atom")).await.0, StatusCode::NOT_FOUND);
    let told = addresses(&world, COLLEGE, &id).await;
    assert_eq!(fetch(&world, text(&told, "atom")).await.0, StatusCode::OK);
    let ended = world.call(Some(COLLEGE), Method::DELETE, &path, None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    world.drain().await;
    assert_eq!(fetch(&world, text(&told, "atom")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        world.call(Some(COLLEGE), Method::GET, &format!("/api/v1/feeds/{id}"), None).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn rubbish_is_refused_with_what_would_be_right() {
    let (world, _, told) = told().await;
    for token in ["x", "swf_", "swf_AAAA", "%00", "..%2f..", &format!("swf_{}", "A".repeat(43)), &"swf_".repeat(2_000)]
    {
        let (status, said) = fetch(&world, &format!("{}/feeds/{token}/signals.json", world.url)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{token}: {said}");
    }
    let signals = text(&told, "signals");
    for (query, code) in [
        ("after=x", "after"),
        ("after=-1", "after"),
        ("after=4", "after"),
        ("after=99999999999999999999", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("view=all", "view"),
        ("view=state&cursor=x", "cursor"),
        ("after=1&after=2", "bad_request"),
    ] {
        let (status, said) = fetch(&world, &format!("{signals}?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {said}");
        assert!(said["code"] == code || code == "bad_request", "{query}: {said}");
        assert!(said["detail"].as_str().unwrap().len() > 15 && !said.to_string().contains("swf_"), "{said}");
    }
    for seen in ["x", "4", "1.5", "\u{e9}"] {
        let request = world.client().get(text(&told, "events")).header("last-event-id", seen.as_bytes());
        assert_eq!(request.send().await.unwrap().status(), StatusCode::BAD_REQUEST, "{seen}");
    }
    let posted = world.client().post(signals).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
}

/// What a log would be written to.
#[derive(Clone, Default)]
struct Written(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_has_an_address() {
    // All of this test runs on this thread: the pages, the loops and the engines' clients.
    let written = Written::default();
    let writer = written.clone();
    // While there is one subscriber in all, what other tests' threads meet first is switched off for this one too; a second
    // prevents that.
    let _second = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish());
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    let _guard = tracing::subscriber::set_default(log.with_writer(move || writer.clone()).finish());
    let (world, id, told) = told().await;
    for format in FORMATS {
        assert_eq!(world.client().get(text(&told, format)).send().await.unwrap().status(), StatusCode::OK, "{format}");
        let wrong = format!("{}?limit=x&after=x", text(&told, format));
        world.client().get(wrong).header("accept", "text/html").send().await.unwrap();
    }
    addresses(&world, COLLEGE, &id).await;
    fetch(&world, text(&told, "atom")).await;
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("/feeds/{token}/atom.xml") && log.contains("status=404"),
        "requests are logged: {}",
        log.len()
    );
    assert!(!log.contains("swf_"), "{}", log.lines().find(|line| line.contains("swf_")).unwrap());
}

/// The numberer of a process of its own.
async fn numberer(world: &World, seed: u64) -> Arc<dyn Work> {
    let house =
        House::open(world.house.settings.clone(), Arc::clone(&world.clock) as _, Arc::new(SeededIds::new(seed)));
    let house = house.await.unwrap();
    let deliver = TARGETS.iter().find(|target| target.name == "deliver").unwrap();
    let works = (deliver.create)(&house).unwrap().works;
    works.into_iter().find(|work| work.name() == "deliver.feeds").unwrap()
}

#[tokio::test]
async fn what_another_process_numbers_is_heard_here() {
    let (world, _, told) = told().await;
    let mut listening = Listening::to(listen(&world, text(&told, "events"), None).await);
    let again = "update deliver.deliveries set state = 'waiting', feed_number = null where feed_number = 2";
    sqlx::query(again).execute(&world.house.pool).await.unwrap();
    // No loop of this world has run since.
    assert_eq!(numberer(&world, 8).await.step(Duration::ZERO).await.unwrap(), Progress::Did(1));
    assert_eq!(hear(&world, &mut listening, 1).await, [4]);
    // A process that stops lets its listeners go: they come again elsewhere.
    world.finish().await;
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), listening.event()).await.unwrap(), None);
    assert_eq!(listen(&world, text(&told, "events"), None).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// Steps until told that nothing more comes, and nothing is left.
async fn run(work: Arc<dyn Work>, done: Arc<AtomicBool>) -> usize {
    let mut count = 0;
    loop {
        let last = done.load(Ordering::SeqCst);
        match work.step(Duration::ZERO).await.unwrap() {
            Progress::Did(n) => count += n,
            Progress::Idle if last => return count,
            Progress::Idle => tokio::task::yield_now().await,
        }
    }
}

/// Revisions put among the deliveries, a few at a time.
const COMMITS: i64 = 150;
const REVISIONS_A_COMMIT: i64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cursor_skips_and_repeats_nothing_when_two_processes_number_at_once() {
    let (world, _, told) = told().await;
    let pool = world.house.db("deliver").pool().clone();
    // Each is slow where another could overtake it: when it has its deliveries and not yet their numbers.
    for sql in [
        "create function deliver.slowly() returns trigger language plpgsql as
             'begin perform pg_sleep(random() * 0.01); return new; end'",
        "create trigger slowly before insert on deliver.feed_numbers for each row execute function deliver.slowly()",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let done = Arc::new(AtomicBool::new(false));
    let numberers = [8, 9].map(|seed| numberer(&world, seed));
    let numberers = futures::future::join_all(numberers).await;
    let running: Vec<_> = numberers.into_iter().map(|work| tokio::spawn(run(work, Arc::clone(&done)))).collect();
    let put = "with one as (select d.*, s.signal, s.body from deliver.deliveries d join deliver.delivery_signals s on s.delivery = d.id
             where d.feed_number = 1),
         new as (insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period, state,
                 due_at, traceparent, created_at)
             select md5($1::text || '-' || n)::uuid, partnership, subscription, person, channel, name, cadence, time_zone,
                 $1::text || '-' || n, 'waiting', due_at + $1 * interval '1 millisecond' - interval '1 hour', traceparent, created_at
             from one, generate_series(1, $2) n returning id, period)
         insert into deliver.delivery_signals (delivery, signal, revision, body)
         select new.id, one.signal, r.revision, jsonb_set(one.body, '{revision}', to_jsonb(r.revision)) from new, one,
             lateral (select 100 + ($1 * $2 + split_part(new.period, '-', 2)::bigint)::int as revision) r";
    let putting = tokio::spawn(async move {
        for commit in 1..=COMMITS {
            sqlx::query(put).bind(commit).bind(REVISIONS_A_COMMIT).execute(&pool).await.unwrap();
        }
    });
    // Somebody who pulls all the while, as fast as it goes.
    let wanted = 3 + usize::try_from(COMMITS * REVISIONS_A_COMMIT).unwrap();
    let (mut at, mut found) = (format!("{}?after=0&limit=7", text(&told, "signals")), Vec::new());
    let deadline = tokio::time::timeout(Duration::from_secs(60), async {
        while found.len() < wanted {
            let (status, page) = fetch(&world, &at).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            let revision = |entry: &Value| entry["event"]["data"]["signal"]["revision"].as_i64().unwrap();
            let entries = page["entries"].as_array().unwrap();
            found.extend(entries.iter().map(|entry| (entry["number"].as_i64().unwrap(), revision(entry))));
            at = text(&page, "next").to_owned();
        }
    });
    deadline.await.unwrap();
    putting.await.unwrap();
    done.store(true, Ordering::SeqCst);
    let shares = futures::future::join_all(running).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert!(shares.iter().all(|share| *share > 0), "both numbered: {shares:?}");
    assert_eq!(shares.iter().sum::<usize>(), wanted - 3, "each once");
    let numbers: Vec<i64> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=i64::try_from(wanted).unwrap()).collect::<Vec<_>>(), "none left out, none twice");
    assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].1), "revisions of a signal in their order: {found:?}");
    // The state has the last of them.
    let (_, state) = fetch(&world, &format!("{}?view=state", text(&told, "signals"))).await;
    assert_eq!(state["entries"][0]["number"], i64::try_from(wanted).unwrap(), "{state}");
}
