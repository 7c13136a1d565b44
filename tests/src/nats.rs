//! A nats-server of its own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A running nats-server; ends with the value.
#[derive(Debug)]
pub struct Nats {
    child: Child,
    port: u16,
    store: TempDir,
}

impl Nats {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = tempfile::tempdir().unwrap();
        let child = spawn(port, &store);
        let nats = Self { child, port, store };
        nats.until_it_listens().await;
        nats
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it and starts it again with nothing in its store.
    pub async fn wipe(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.store = tempfile::tempdir().unwrap();
        self.child = spawn(self.port, &self.store);
        self.until_it_listens().await;
    }

    async fn until_it_listens(&self) {
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nats-server does not listen on {}", self.port);
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, store: &TempDir) -> Child {
    let binary = std::env::var("SKILLWIRE_TEST_NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
    Command::new(&binary)
        .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(store.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("{binary} does not start ({e}); run the tests by ./tests/run"))
}
