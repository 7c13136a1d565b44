//! Commands that run processes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use skillwire_deliver::catcher::{Catcher, CatcherOptions};
use skillwire_runtime::supervise::{Stop, supervise};
use skillwire_runtime::{SystemClock, SystemIds, telemetry};
use skillwire_web::{Routes, Shell, serve, shell};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::doctor::NATS_GREETING_MAX;
use super::{Ended, console};
use crate::house::{self, House};
use crate::settings::Settings;
use crate::targets::{TARGETS, chosen};
use crate::{contract, dead_letters, health};

/// Runs a command to its end.
pub(super) fn block_on(command: impl Future<Output = Result<Ended>>) -> Result<Ended> {
    runtime()?.block_on(command)
}

/// What runs a command.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the async runtime cannot start")
}

/// Opens the house on the machine's clock.
pub(super) async fn open(settings: Settings) -> Result<House> {
    House::open(settings, Arc::new(SystemClock), Arc::new(SystemIds)).await
}

/// `skillwire migrate`
pub(super) async fn migrate(settings: Settings) -> Result<Ended> {
    telemetry::start_logs(&settings.log).map_err(|e| anyhow!(e))?;
    let targets: Vec<_> = TARGETS.iter().collect();
    house::migrate(&house::pool(&settings)?, &targets).await?;
    console::line("the database is up to date");
    Ok(Ended::Well)
}

/// `skillwire run`
pub(super) async fn run(settings: Settings, names: Vec<String>, migrate: bool) -> Result<Ended> {
    telemetry::start_logs(&settings.log).map_err(|e| anyhow!(e))?;
    let metrics = telemetry::start_metrics().context("metrics cannot start")?;
    let targets = chosen(&names)?;
    let http = settings.http.clone();
    let house = open(settings).await?;
    if migrate {
        house::migrate(&house.pool, &targets).await?;
    }
    let (mut works, mut routes) = (Vec::new(), Routes::new());
    for target in &targets {
        let made = (target.create)(&house).with_context(|| format!("{} cannot start", target.name))?;
        works.extend(made.works);
        works.push(skillwire_bus::gauges(&house.parts(target.name), target.stages));
        routes = routes.merge(made.routes);
    }
    routes = routes.merge(dead_letters::routes(&house));
    let listener = TcpListener::bind(&http.listen)
        .await
        .with_context(|| format!("http.listen: {} cannot be listened on; is it in use?", http.listen))?;
    let router = shell(
        routes,
        Shell {
            config: http,
            actors: Arc::clone(&house.reader) as _,
            clock: Arc::clone(&house.env.clock),
            ids: Arc::clone(&house.env.ids),
            health: health::checks(&house),
            openapi: contract::openapi_json()?,
            metrics: Some(Arc::new(move || metrics.render())),
        },
    );
    let names: Vec<&str> = targets.iter().map(|target| target.name).collect();
    tracing::info!(targets = names.join(","), address = %listener.local_addr()?, "running");
    let (sender, stop) = Stop::new();
    let refusal = sender.clone();
    tokio::spawn(async move {
        told_to_stop().await;
        tracing::info!("stopping: what is in work is finished first");
        let _ = sender.send(true);
    });
    let known = known_to_nats(&house, refusal, stop.clone());
    let (served, (), known) = tokio::join!(serve(router, listener, stop.clone()), supervise(works, stop), known);
    served.context("the HTTP server ended")?;
    known?;
    tracing::info!("stopped");
    Ok(Ended::Well)
}

/// Ends the run when NATS answers at the start that it does not know us: waiting never mends a wrong password. A server that
/// is away is none of that, nor is one that is configured anew later: then it is tried again.
async fn known_to_nats(house: &House, refusal: watch::Sender<bool>, mut stop: Stop) -> Result<()> {
    let greeted = tokio::select! {
        greeted = house.bus.greeted(NATS_GREETING_MAX) => greeted,
        () = stop.wait() => Ok(()),
    };
    if greeted.is_err() {
        let _ = refusal.send(true);
    }
    greeted.context("give the user and password that nats-server's configuration has for us")
}

/// Ctrl-C, or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// `skillwire mail-catcher`
pub(super) async fn mail_catcher(
    settings: Settings,
    smtp: SocketAddr,
    http: SocketAddr,
    dir: PathBuf,
) -> Result<Ended> {
    telemetry::start_logs(&settings.log).map_err(|e| anyhow!(e))?;
    let (sender, stop) = Stop::new();
    let options = CatcherOptions { smtp, http, dir };
    let catcher =
        Catcher::start(&options, Arc::new(SystemClock), stop).await.context("the mail catcher cannot start")?;
    console::line(&format!("SMTP {} viewer http://{}", catcher.smtp, catcher.http));
    told_to_stop().await;
    let _ = sender.send(true);
    Ok(Ended::Well)
}
