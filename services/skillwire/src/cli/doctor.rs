//! `skillwire doctor`: what is wrong, and the remedy.

use std::time::Duration;

use anyhow::Result;
use skillwire_store::db::server;
use sqlx::PgPool;

use super::{Ended, console, run};
use crate::house::House;
use crate::mail_dns;
use crate::settings::Settings;
use crate::targets::TARGETS;

/// Clocks further apart than this are wrong, seconds.
const CLOCK_APART_MAX_S: i64 = 5;
/// Less free space than this is little, megabytes.
const DISK_FREE_MIN_MB: u64 = 1_024;
/// Oldest PostgreSQL.
const VERSION_MIN: u32 = 150_000;
/// Longest wait for NATS to say yes or no to us: longer than it waits for a login (its `auth_timeout`, 2 s).
pub(super) const NATS_GREETING_MAX: Duration = Duration::from_secs(4);
/// Longest wait for one check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

enum Finding {
    Fine(String),
    Wrong { what: String, remedy: String },
}

use Finding::{Fine, Wrong};

fn wrong(what: impl ToString, remedy: impl ToString) -> Finding {
    Wrong { what: what.to_string(), remedy: remedy.to_string() }
}

/// Checks everything and says what to do.
pub(super) async fn run(settings: Settings) -> Result<Ended> {
    let house = run::open(settings).await?;
    let checks: [(&str, Finding); 7] = [
        ("settings", settings_check(&house.settings)),
        ("database", within(database(&house.pool)).await),
        ("clocks", within(clocks(&house)).await),
        ("nats", within(nats(&house)).await),
        ("dns", within(names(&house.settings)).await),
        ("mail", within(mail(&house)).await),
        ("disk", disk()),
    ];
    let sender = within_all(sender_dns(&house.settings)).await;
    let mut ended = Ended::Well;
    for (name, finding) in checks.into_iter().chain(sender) {
        match finding {
            Fine(what) => console::line(&format!("ok     {name}: {what}")),
            Wrong { what, remedy } => {
                ended = Ended::CheckFailed;
                console::line(&format!("WRONG  {name}: {what}\n       remedy: {remedy}"));
            }
        }
    }
    Ok(ended)
}

async fn within(check: impl Future<Output = Finding>) -> Finding {
    let timeout = format!("no answer in {} s", CHECK_TIMEOUT.as_secs());
    tokio::time::timeout(CHECK_TIMEOUT, check)
        .await
        .unwrap_or_else(|_| wrong(timeout, "is it running, and is its address right?"))
}

/// The same for several at once.
async fn within_all(checks: impl Future<Output = Vec<(&'static str, Finding)>>) -> Vec<(&'static str, Finding)> {
    let timeout = format!("no answer in {} s", CHECK_TIMEOUT.as_secs());
    tokio::time::timeout(CHECK_TIMEOUT, checks)
        .await
        .unwrap_or_else(|_| vec![("sender", wrong(timeout, "can this machine reach a DNS server?"))])
}

/// Whether others can believe the mails that leave here.
async fn sender_dns(settings: &Settings) -> Vec<(&'static str, Finding)> {
    let dns = match mail_dns::Dns::system() {
        Ok(dns) => dns,
        Err(e) => return vec![("sender", wrong(e, "mend /etc/resolv.conf"))],
    };
    let deliver = &settings.deliver;
    let signed = deliver.dkim_selector.as_deref().zip(deliver.dkim_domain.as_deref());
    let found = mail_dns::check(&dns, mail_dns::domain_of(&deliver.from), signed).await;
    let of = |judged| match judged {
        mail_dns::Judged::Fine(what) => Fine(what),
        mail_dns::Judged::Wrong { what, remedy } => Wrong { what, remedy },
    };
    found.into_iter().map(|one| (one.what, of(one.judged))).collect()
}

fn settings_check(settings: &Settings) -> Finding {
    if settings.http.public_url.starts_with("https://")
        || settings.http.public_url.contains("127.0.0.1")
        || settings.http.public_url.contains("localhost")
    {
        return Fine(format!("people reach us at {}", settings.http.public_url));
    }
    wrong(
        format!("http.public_url is {}: sign-in cookies would travel without TLS", settings.http.public_url),
        "put a TLS proxy in front and set http.public_url to its https address",
    )
}

async fn database(pool: &PgPool) -> Finding {
    match server(pool).await {
        Ok(server) if server.version < VERSION_MIN => {
            wrong(format!("PostgreSQL {} is too old", server.version), "use PostgreSQL 15 or later")
        }
        Ok(server) if server.schemas < i64::try_from(TARGETS.len()).unwrap_or(i64::MAX) => {
            wrong("the schemas are not there", "run `skillwire migrate`")
        }
        Ok(server) => Fine(format!("PostgreSQL {}, schemas are there", server.version)),
        Err(e) => wrong(
            format!("does not answer ({e})"),
            "is PostgreSQL running? is database.url (SKILLWIRE_DATABASE_URL) right?",
        ),
    }
}

async fn clocks(house: &House) -> Finding {
    match server(&house.pool).await {
        Ok(server) => {
            let apart = (house.env.clock.now() - server.now).num_seconds().abs();
            if apart > CLOCK_APART_MAX_S {
                let remedy = "let both follow the same time server (chrony, systemd-timesyncd)";
                wrong(format!("this machine and the database are {apart} s apart"), remedy)
            } else {
                Fine("this machine and the database agree".to_owned())
            }
        }
        Err(e) => wrong(format!("cannot be compared ({e})"), "mend the database first"),
    }
}

async fn nats(house: &House) -> Finding {
    // The connection is made in the background; it gets a moment.
    if let Err(e) = house.bus.greeted(NATS_GREETING_MAX).await {
        return wrong(e, "give the user and password that nats-server's configuration has for us (deploy/nats.conf)");
    }
    match house.bus.ping().await {
        Ok(()) => {
            let version = house.bus.server_version();
            let parts: Vec<u32> = version.split('.').filter_map(|p| p.parse().ok()).collect();
            let account = house.bus.account().await.unwrap_or_default();
            if parts.as_slice() >= [2, 11].as_slice() && account == skillwire_bus::ACCOUNT {
                Fine(format!("nats-server {version} with JetStream, in account {account}"))
            } else if parts.as_slice() >= [2, 11].as_slice() {
                wrong(
                    format!("the user of nats.url is in account '{account}': subscribers cannot be let in"),
                    "configure nats-server as in deploy/nats.conf; `skillwire nats-issuer` prints the issuer",
                )
            } else {
                wrong(
                    format!("nats-server {version} is too old"),
                    "use nats-server 2.11 or later (older ones have lost streams)",
                )
            }
        }
        Err(e) => wrong(e, "is nats-server running with JetStream (-js)? is nats.url (SKILLWIRE_NATS_URL) right?"),
    }
}

/// Whether the names in the addresses of the settings resolve.
async fn names(settings: &Settings) -> Finding {
    let addresses = [
        ("database.url", settings.database.url.as_str()),
        ("nats.url", settings.nats.url.as_str()),
        ("deliver.smtp_url", settings.deliver.smtp_url.as_str()),
        ("http.public_url", settings.http.public_url.as_str()),
    ];
    for (setting, address) in addresses {
        let authority =
            address.split("://").nth(1).unwrap_or(address).split(['/', ',', '?']).next().unwrap_or_default();
        let server = authority.rsplit('@').next().unwrap_or_default();
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host).trim_matches(['[', ']']);
        if let Err(e) = tokio::net::lookup_host((host, 0)).await {
            return wrong(
                format!("{setting}: the name {host} does not resolve ({e})"),
                "mend the name, or this machine's resolver",
            );
        }
    }
    Fine("the names in the settings resolve".to_owned())
}

async fn mail(house: &House) -> Finding {
    match house.smtp().ping().await {
        Ok(()) => Fine("the mail server answers".to_owned()),
        Err(failure) => wrong(
            failure.reply,
            "is deliver.smtp_url (SKILLWIRE_DELIVER_SMTP_URL) right? does its name resolve? may this machine reach it?",
        ),
    }
}

fn disk() -> Finding {
    let output = std::process::Command::new("df").args(["-Pm", "."]).output();
    let free = output.ok().and_then(|o| {
        let text = String::from_utf8_lossy(&o.stdout).into_owned();
        text.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok()
    });
    match free {
        Some(free) if free >= DISK_FREE_MIN_MB => Fine(format!("{free} MB free here")),
        Some(free) => wrong(format!("{free} MB free here"), "make room, or move the data"),
        None => Fine("free space cannot be told on this system".to_owned()),
    }
}
