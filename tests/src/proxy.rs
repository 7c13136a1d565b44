//! A TCP proxy between us and somebody else (a mail server, PostgreSQL, NATS) whose behaviour can be switched while
//! connections are open: it passes on, is slow, swallows everything, or resets. A trap switches it for one connection when the
//! client has said something.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// They are passed on.
    Pass,
    /// They are passed on so late, each way.
    Late(Duration),
    /// They are kept until the behaviour changes; connections are taken and hear nothing.
    BlackHole,
    /// Connections are reset, open ones and new ones.
    Reset,
}

#[derive(Debug)]
struct Inner {
    to: SocketAddr,
    behaviour: watch::Sender<Behaviour>,
    trap: Mutex<Option<(Vec<u8>, Behaviour)>>,
    taken: AtomicUsize,
}

/// A running proxy; ends with the test's runtime.
#[derive(Clone, Debug)]
pub struct Proxy {
    inner: Arc<Inner>,
    address: SocketAddr,
}

impl Proxy {
    /// Listens on a free port.
    pub async fn start(to: SocketAddr) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into(), to).await
    }

    /// Listens on that address: for what must know it before there is anything behind it.
    pub async fn at(address: SocketAddr, to: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let behaviour = watch::Sender::new(Behaviour::Pass);
        let inner = Arc::new(Inner { to, behaviour, trap: Mutex::default(), taken: AtomicUsize::new(0) });
        let shared = Arc::clone(&inner);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                shared.taken.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(client, Arc::clone(&shared)));
            }
        });
        Self { inner, address }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, for open connections and for those to come.
    pub fn behave(&self, behaviour: Behaviour) {
        self.inner.behaviour.send_replace(behaviour);
    }

    /// The next connection over which the client says this behaves so from then on. What was said is passed on first: the
    /// server has it, and the client hears nothing of it.
    pub fn trap(&self, said: &[u8], then: Behaviour) {
        *self.inner.trap.lock().unwrap() = Some((said.to_vec(), then));
    }

    /// Connections taken so far.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.inner.taken.load(Ordering::Relaxed)
    }
}

/// One connection: what holds for all, unless a trap has closed on it.
struct Way {
    inner: Arc<Inner>,
    all: watch::Receiver<Behaviour>,
    own: watch::Sender<Option<Behaviour>>,
}

impl Way {
    fn behaviour(&self) -> Behaviour {
        let own = *self.own.borrow();
        own.unwrap_or(*self.all.borrow())
    }

    /// Waits for another behaviour than now.
    async fn changed(&self) {
        let (mut all, mut own, now) = (self.all.clone(), self.own.subscribe(), self.behaviour());
        while self.behaviour() == now {
            tokio::select! {
                gone = all.changed() => if gone.is_err() { std::future::pending::<()>().await },
                _ = own.changed() => {}
            }
        }
    }

    /// Springs the trap when the client has said its words; `heard` ends with the last bytes.
    fn listen(&self, heard: &mut Vec<u8>, bytes: &[u8]) {
        let mut trap = self.inner.trap.lock().unwrap();
        let Some((words, then)) = trap.as_ref() else { return heard.clear() };
        heard.extend_from_slice(bytes);
        if heard.windows(words.len()).any(|window| window == words) {
            self.own.send_replace(Some(*then));
            *trap = None;
        } else {
            let keep = heard.len().saturating_sub(words.len());
            heard.drain(..keep);
        }
    }
}

async fn carry(mut client: TcpStream, inner: Arc<Inner>) {
    let way = Way { all: inner.behaviour.subscribe(), own: watch::Sender::new(None), inner };
    while way.behaviour() == Behaviour::BlackHole {
        way.changed().await;
    }
    if way.behaviour() == Behaviour::Reset {
        return client.set_zero_linger().unwrap_or_default();
    }
    let Ok(mut server) = TcpStream::connect(way.inner.to).await else { return };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::select! {
        () = pump(from_client, to_server, &way, true) => {}
        () = pump(from_server, to_client, &way, false) => {}
    }
    if way.behaviour() == Behaviour::Reset {
        let _ = client.set_zero_linger();
        // A reset would throw away what the server has not read yet; after a trap it is to have it.
        if way.own.borrow().is_none() {
            let _ = server.set_zero_linger();
        }
    }
}

async fn pump(
    mut from: tokio::net::tcp::ReadHalf<'_>,
    mut to: tokio::net::tcp::WriteHalf<'_>,
    way: &Way,
    from_client: bool,
) {
    let (mut buffer, mut heard) = (vec![0u8; 65_536], Vec::new());
    loop {
        match way.behaviour() {
            Behaviour::Reset => return,
            Behaviour::BlackHole => {
                way.changed().await;
                continue;
            }
            Behaviour::Pass | Behaviour::Late(_) => {}
        }
        let count = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            () = way.changed() => continue,
        };
        if count == 0 {
            return;
        }
        if let Behaviour::Late(by) = way.behaviour() {
            tokio::time::sleep(by).await;
        }
        while way.behaviour() == Behaviour::BlackHole {
            way.changed().await;
        }
        if way.behaviour() == Behaviour::Reset || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
        if from_client {
            way.listen(&mut heard, &buffer[..count]);
        }
    }
}
