//! The development mail catcher: a real SMTP server that keeps what it takes and shows it, with faults on demand. For
//! `deploy/up` and the tests; it never sends anything on.

mod fault;
mod smtp;
mod store;
mod viewer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use skillwire_runtime::Clock;
use skillwire_runtime::supervise::Stop;
use tokio::net::TcpListener;

pub use fault::{Fault, Faults};
pub use store::{Caught, Mailbox};

/// Where the catcher listens and keeps.
#[derive(Clone, Debug)]
pub struct CatcherOptions {
    /// SMTP.
    pub smtp: SocketAddr,
    /// The viewer.
    pub http: SocketAddr,
    /// Where the mails lie.
    pub dir: PathBuf,
}

/// A running catcher.
#[derive(Clone, Debug)]
pub struct Catcher {
    /// Where SMTP really listens.
    pub smtp: SocketAddr,
    /// Where the viewer really listens.
    pub http: SocketAddr,
    /// What was caught.
    pub mailbox: Mailbox,
    /// What goes wrong next.
    pub faults: Faults,
    /// Connections that were taken so far.
    pub connections: Arc<AtomicU64>,
}

impl Catcher {
    /// Starts listening; ends with `stop`.
    ///
    /// # Errors
    /// When an address or the folder cannot be used.
    pub async fn start(options: &CatcherOptions, clock: Arc<dyn Clock>, stop: Stop) -> std::io::Result<Self> {
        let mailbox = Mailbox::open(&options.dir, clock)?;
        let faults = Faults::default();
        let smtp = TcpListener::bind(options.smtp).await?;
        let http = TcpListener::bind(options.http).await?;
        let catcher =
            Self { smtp: smtp.local_addr()?, http: http.local_addr()?, mailbox, faults, connections: Arc::default() };
        tokio::spawn(smtp::serve(smtp, catcher.clone(), stop.clone()));
        let router = viewer::router(catcher.mailbox.clone(), catcher.faults.clone());
        let mut ending = stop;
        tokio::spawn(async move {
            let served = axum::serve(http, router).with_graceful_shutdown(async move { ending.wait().await });
            if let Err(e) = served.await {
                tracing::error!(%e, "the mail viewer ended");
            }
        });
        Ok(catcher)
    }
}
