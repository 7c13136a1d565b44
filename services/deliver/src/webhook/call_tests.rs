//! The guard where it counts: at the connection.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use skillwire_web::{Outbound, OutboundConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::call::{Answer, Caller, Lookup, Post};
use crate::state::Outcome;

/// Gives other addresses at each look-up, as a rebinding name server does.
struct Rebinding(Mutex<VecDeque<Vec<IpAddr>>>);

#[async_trait]
impl Lookup for Rebinding {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(self.0.lock().unwrap().pop_front().unwrap_or_default())
    }
}

fn rebinding(answers: &[&[&str]]) -> Arc<dyn Lookup> {
    let parse = |texts: &&[&str]| texts.iter().map(|t| t.parse().unwrap()).collect();
    Arc::new(Rebinding(Mutex::new(answers.iter().map(parse).collect())))
}

fn caller(allowed: &[&str], lookup: Arc<dyn Lookup>) -> Caller {
    let allowed_networks = allowed.iter().map(|s| (*s).to_owned()).collect();
    let outbound = Outbound::new(&OutboundConfig { plain_http: true, allowed_networks }).unwrap();
    Caller::new(outbound, lookup, Duration::from_secs(1)).unwrap()
}

fn post(url: &str) -> Post {
    Post { url: url.to_owned(), id: "msg".to_owned(), timestamp: 7, signature: "v1,x".to_owned(), body: b"{}".to_vec() }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// Answers every connection on an address so, and counts them. Each answer closes its connection.
async fn listener(address: &str, answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut buffer = [0u8; 4_096];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (port, count)
}

const REFUSES: &str = "HTTP/1.1 500 No\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnope";
const TAKES: &str = "HTTP/1.1 204 Yes\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_name_that_leads_elsewhere_at_the_second_attempt_is_not_followed() {
    let (port, count) = listener("127.0.0.1", REFUSES).await;
    let secret = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let lookup = rebinding(&[&["127.0.0.1"], &["127.0.0.2"], &["::ffff:127.0.0.2"], &["10.0.0.8", "::1"], &[]]);
    let caller = caller(&["127.0.0.1/32"], lookup);
    let url = format!("http://rebind.example:{port}/");
    let first = caller.post(post(&url), now()).await;
    assert_eq!((first.outcome, first.reply.as_str()), (Outcome::Temporary, "500 Internal Server Error nope"));
    for n in 2..=5 {
        let answer = caller.post(post(&url), now()).await;
        assert_eq!(answer.outcome, Outcome::Temporary, "{n}: {answer:?}");
        assert!(answer.reply.contains("is no public address") || n == 5, "{n}: {answer:?}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1, "the first attempt only");
    let knocked = tokio::time::timeout(Duration::from_millis(50), secret.accept()).await;
    assert!(knocked.is_err(), "nobody came to the address that is not allowed");
}

#[tokio::test]
async fn of_the_addresses_of_a_name_only_those_are_used_that_may_be() {
    let (port, count) = listener("127.0.0.1", TAKES).await;
    let lookup = rebinding(&[&["169.254.169.254", "127.0.0.1", "192.168.0.1"]]);
    let answer = caller(&["127.0.0.1/32"], lookup).post(post(&format!("http://x.example:{port}/")), now()).await;
    assert_eq!(answer, Answer { outcome: Outcome::Sent, reply: String::new(), pause: None, gone: false });
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_address_that_is_a_number_is_refused_without_a_look_up() {
    let (port, count) = listener("127.0.0.1", TAKES).await;
    let caller = caller(&[], rebinding(&[]));
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "[::ffff:127.0.0.1]", "[::1]", "0"] {
        let answer = caller.post(post(&format!("http://{host}:{port}/")), now()).await;
        assert!(answer.reply.starts_with("not called: "), "{host}: {answer:?}");
    }
    // And "localhost" by the system's own resolver.
    let outbound = Outbound::new(&OutboundConfig { plain_http: true, allowed_networks: vec![] }).unwrap();
    let system = Caller::new(outbound, Arc::new(super::call::SystemLookup), Duration::from_secs(1)).unwrap();
    let answer = system.post(post(&format!("http://localhost:{port}/")), now()).await;
    assert!(answer.reply.contains("is no public address"), "{answer:?}");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_an_order() {
    let (inner, reached) = listener("127.0.0.1", TAKES).await;
    let answer: &'static str = Box::leak(
        format!(
            "HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:{inner}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        .into_boxed_str(),
    );
    let (outer, _) = listener("127.0.0.1", answer).await;
    let caller = caller(&["127.0.0.0/8"], rebinding(&[]));
    let answer = caller.post(post(&format!("http://127.0.0.1:{outer}/")), now()).await;
    assert_eq!(answer.outcome, Outcome::Temporary);
    assert!(answer.reply.contains("redirects are not followed"), "{answer:?}");
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_proxy_of_the_environment_is_asked() {
    // The client is built without one; a proxy that is set would be asked for http and https alike.
    let (proxy, asked) = listener("127.0.0.1", TAKES).await;
    let (port, count) = listener("127.0.0.1", TAKES).await;
    // In a process of its own: the environment of this one is shared by all tests.
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "webhook::call_tests::called_with_a_proxy_set", "--ignored"])
        .env("http_proxy", format!("http://127.0.0.1:{proxy}"))
        .env("ALL_PROXY", format!("http://127.0.0.1:{proxy}"))
        .env("SKILLWIRE_TEST_PROXY_TARGET", port.to_string());
    assert!(command.output().await.unwrap().status.success());
    assert_eq!((asked.load(Ordering::SeqCst), count.load(Ordering::SeqCst)), (0, 1));
}

#[tokio::test]
#[ignore = "run by no_proxy_of_the_environment_is_asked, with a proxy in its environment"]
async fn called_with_a_proxy_set() {
    let Ok(port) = std::env::var("SKILLWIRE_TEST_PROXY_TARGET") else { return };
    let answer =
        caller(&["127.0.0.1/32"], rebinding(&[])).post(post(&format!("http://127.0.0.1:{port}/")), now()).await;
    assert_eq!(answer.outcome, Outcome::Sent, "{answer:?}");
}

#[tokio::test]
async fn what_the_answer_says_decides() {
    let cases: [(&str, Outcome, &str); 7] = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Outcome::Sent, ""),
        ("HTTP/1.1 299 Odd\r\ncontent-length: 0\r\n\r\n", Outcome::Sent, ""),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Outcome::Temporary, "404 Not Found"),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", Outcome::Permanent, "410 Gone"),
        ("HTTP/1.1 429 Slow\r\nretry-after: 70\r\ncontent-length: 0\r\n\r\n", Outcome::Temporary, "429 Too Many"),
        ("HTTP/1.1 200", Outcome::Uncertain, "the connection fell before an answer"),
        ("", Outcome::Uncertain, "the connection fell before an answer"),
    ];
    for (said, outcome, reply) in cases {
        let (port, _) = listener("127.0.0.1", said).await;
        let answer =
            caller(&["127.0.0.1/32"], rebinding(&[])).post(post(&format!("http://127.0.0.1:{port}/")), now()).await;
        assert_eq!(answer.outcome, outcome, "{said:?}: {answer:?}");
        assert!(answer.reply.starts_with(reply), "{said:?}: {answer:?}");
        assert_eq!(answer.gone, said.contains("410"));
        assert_eq!(answer.pause, said.contains("429").then(|| TimeDelta::seconds(70)));
    }
}

#[tokio::test]
async fn a_long_answer_and_a_slow_one_are_cut() {
    let long: &'static str =
        Box::leak(format!("HTTP/1.1 500 No\r\ncontent-length: 9000000\r\n\r\n{}", "x".repeat(9_000)).into_boxed_str());
    let (port, _) = listener("127.0.0.1", long).await;
    let caller = caller(&["127.0.0.1/32"], rebinding(&[]));
    let answer = caller.post(post(&format!("http://127.0.0.1:{port}/")), now()).await;
    assert!(answer.outcome == Outcome::Temporary && answer.reply.chars().count() == 200, "{answer:?}");
    // Nobody answers at all: after a second nobody knows.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let answer = caller.post(post(&format!("http://127.0.0.1:{port}/")), now()).await;
    assert_eq!((answer.outcome, answer.reply.as_str()), (Outcome::Uncertain, "no answer in time"));
    // Nobody is there: nothing has left.
    drop(silent);
    let answer = caller.post(post(&format!("http://127.0.0.1:{port}/")), now()).await;
    assert!(answer.outcome == Outcome::Temporary && answer.reply.starts_with("no connection"), "{answer:?}");
}
