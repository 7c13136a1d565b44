//! The benches of delivery, each with its peers in the same run: `tests/bench/run mails`, `webhooks`, `routing`, `streams` or
//! `digests`. What stands in their tables is told in `tests/bench/README.md`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench"
)]

mod digests;
mod ground;
mod mails;
mod routing;
mod rows;
mod sinks;
mod streams;
mod webhooks;

fn main() {
    // cargo adds `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let runtime = |bench| tokio::runtime::Runtime::new().unwrap().block_on(bench);
    match asked[..] {
        [sinks::SMTP, ports] => sinks::serve(ports.parse().unwrap(), sinks::smtp),
        [sinks::HTTP, ports] => sinks::serve(ports.parse().unwrap(), sinks::http),
        ["mails"] => runtime(Box::pin(mails::bench()) as ground::Bench),
        ["webhooks"] => runtime(Box::pin(webhooks::bench())),
        ["routing"] => runtime(Box::pin(routing::bench())),
        ["streams"] => runtime(Box::pin(streams::bench())),
        ["digests"] => runtime(Box::pin(digests::bench())),
        _ => panic!("say which: mails, webhooks, routing, streams or digests"),
    }
}
