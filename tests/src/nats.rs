//! A nats-server of its own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// The password of our own user.
const PASSWORD: &str = "of-the-tests";

/// A running nats-server; ends with the value.
#[derive(Debug)]
pub struct Nats {
    child: Child,
    port: u16,
    store: TempDir,
    issuer: String,
}

impl Nats {
    /// Starts one on a free port.
    ///
    /// `issuer`: who answers its question who may come in.
    pub async fn start(issuer: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = tempfile::tempdir().unwrap();
        let child = spawn(port, &store, issuer);
        let nats = Self { child, port, store, issuer: issuer.to_owned() };
        nats.until_it_listens().await;
        nats
    }

    /// Its address, with our own name and password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://skillwire:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    /// A connection of our own, to look behind the scenes.
    pub async fn client(&self) -> async_nats::Client {
        let options = async_nats::ConnectOptions::with_user_and_password("skillwire".to_owned(), PASSWORD.to_owned());
        options.connect(format!("127.0.0.1:{}", self.port)).await.unwrap()
    }

    /// Kills it and starts it again on what it had.
    pub async fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.port, &self.store, &self.issuer);
        self.until_it_listens().await;
    }

    /// Kills it and starts it again with nothing in its store.
    pub async fn wipe(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.store = tempfile::tempdir().unwrap();
        self.child = spawn(self.port, &self.store, &self.issuer);
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

/// As deploy/nats.conf, on a port and in a folder of the test's.
fn spawn(port: u16, store: &TempDir, issuer: &str) -> Child {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("deploy/nats.conf")).unwrap();
    let accounts = &text[text.find("system_account").unwrap()..];
    let folder = store.path().display();
    let config = store.path().join("nats.conf");
    let head = format!("listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{folder}\" }}\n");
    std::fs::write(&config, head + accounts).unwrap();
    let binary = std::env::var("SKILLWIRE_TEST_NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
    Command::new(&binary)
        .arg("-c")
        .arg(config)
        .env("NATS_PASSWORD", PASSWORD)
        .env("NATS_ISSUER", issuer)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("{binary} does not start ({e}); run the tests by ./tests/run"))
}
