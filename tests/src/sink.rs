//! An HTTP sink on loopback that keeps what it is sent and goes wrong on demand: the receiver of a webhook.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the sink answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum React {
    /// With a status and further header lines.
    Say(u16, &'static str),
    /// Takes the request in and never answers.
    Silence,
    /// Takes the request in and lets the connection fall.
    Fall,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Header name in lower case -> value.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The first line.
    pub line: String,
}

#[derive(Debug, Default)]
struct Inner {
    plan: VecDeque<React>,
    otherwise: Option<React>,
    taken: Vec<Taken>,
}

/// A running sink; ends with the test's runtime.
#[derive(Clone, Debug)]
pub struct Sink {
    inner: Arc<Mutex<Inner>>,
    port: u16,
}

impl Sink {
    /// Listens on a free port; answers 204 unless told otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { inner: Arc::default(), port: listener.local_addr().unwrap().port() };
        let inner = Arc::clone(&sink.inner);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&inner)));
            }
        });
        sink
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?key=k", self.port)
    }

    /// How the next requests are answered, in order.
    pub fn plan(&self, reactions: &[React]) {
        self.inner.lock().unwrap().plan.extend(reactions.iter().cloned());
    }

    /// How all others are answered.
    pub fn otherwise(&self, reaction: React) {
        self.inner.lock().unwrap().otherwise = Some(reaction);
    }

    /// What was taken in so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.inner.lock().unwrap().taken.clone()
    }
}

async fn serve(mut stream: TcpStream, inner: Arc<Mutex<Inner>>) {
    let mut buffer = Vec::new();
    loop {
        let Some(taken) = read(&mut stream, &mut buffer).await else { return };
        let reaction = {
            let mut inner = inner.lock().unwrap();
            inner.taken.push(taken);
            let planned = inner.plan.pop_front();
            planned.or_else(|| inner.otherwise.clone()).unwrap_or(React::Say(204, ""))
        };
        match reaction {
            React::Fall => return,
            React::Silence => std::future::pending().await,
            React::Say(status, lines) => {
                let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n{lines}\r\n");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// One request; none when the other side has gone.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Taken> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let line = lines.next().unwrap_or_default().to_owned();
            let headers: BTreeMap<String, String> = lines
                .filter_map(|l| l.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length: usize = headers.get("content-length").map_or(0, |l| l.parse().unwrap());
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some(Taken { headers, body, line });
            }
        }
        let mut more = [0u8; 8_192];
        match stream.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => buffer.extend_from_slice(&more[..n]),
        }
    }
}
