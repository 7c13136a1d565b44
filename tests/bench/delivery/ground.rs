//! What the benches of delivery stand on: loops that run by themselves, processor time, quantiles.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skillwire_runtime::supervise::Stop;
use skillwire_runtime::{Clock, SystemClock, Work};
use skillwire_tests::World;
use tokio::sync::watch;

/// A bench.
pub type Bench = Pin<Box<dyn Future<Output = ()>>>;

/// Ticks of processor time a second: what Linux tells in /proc, whatever the kernel's own clock.
const TICKS: f64 = 100.0;
/// Longest wait for anything.
const LONGEST: Duration = Duration::from_secs(900);

/// Lets the clock go with the machine's for as long as the bench runs.
pub fn let_time_pass(world: &World) {
    let clock = Arc::clone(&world.clock);
    clock.set(SystemClock.now());
    tokio::spawn(async move {
        loop {
            clock.set(SystemClock.now());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
}

/// Runs loops until the value is gone.
#[must_use]
pub fn run(works: Vec<Arc<dyn Work>>) -> watch::Sender<bool> {
    let (stopper, stop) = Stop::new();
    tokio::spawn(skillwire_runtime::supervise(works, stop));
    stopper
}

/// The loops of delivery that have these names.
pub fn deliver_works(world: &World, names: &[&str]) -> Vec<Arc<dyn Work>> {
    let all = world.house.deliver().unwrap().works().unwrap();
    let found: Vec<_> = all.into_iter().filter(|work| names.contains(&work.name())).collect();
    assert_eq!(found.len(), names.len(), "a loop has another name now: {names:?}");
    found
}

/// Waits until it is so; looks every few milliseconds.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONGEST, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Processor time so far, seconds: of this process, and of PostgreSQL's processes together.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    pub own: f64,
    pub postgres: f64,
}

impl Used {
    pub fn now() -> Self {
        Self { own: ticks("self", false).unwrap_or_default() / TICKS, postgres: postgres() / TICKS }
    }

    pub fn since(earlier: Self) -> Self {
        let now = Self::now();
        Self { own: now.own - earlier.own, postgres: now.postgres - earlier.postgres }
    }
}

/// User and system time of a process, with that of its children that have ended if `whole`.
fn ticks(process: &str, whole: bool) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in brackets and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |n: usize| fields.get(n)?.parse::<f64>().ok();
    let own = field(11)? + field(12)?;
    Some(if whole { own + field(13)? + field(14)? } else { own })
}

/// Of the server that `tests/bench/run` has started, and of the processes that serve its connections.
fn postgres() -> f64 {
    let Ok(server) = std::env::var("SKILLWIRE_BENCH_POSTGRES_PID") else { return 0.0 };
    let is_child = |process: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)) == Some(server.as_str())
    };
    let children =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let children = children.filter(|name| name.bytes().all(|b| b.is_ascii_digit()) && is_child(name));
    ticks(&server, true).unwrap_or_default() + children.filter_map(|child| ticks(&child, false)).sum::<f64>()
}

/// The value below which that share of them lies.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let index = ((sorted.len() as f64 - 1.0) * share).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// A number from the environment, for short runs.
pub fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}
