//! Sinks: a mail server and an HTTP server that answer at once and keep nothing but counts, each in a process of its own, so that
//! neither its processor time nor its scheduling is the sender's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The words that make this program a sink.
pub const SMTP: &str = "sink-smtp";
pub const HTTP: &str = "sink-http";

static TAKEN: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// What a sink has taken in since it began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub taken: u64,
    pub bytes: u64,
    pub connections: u64,
}

impl Counts {
    /// What came after `earlier`.
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            taken: self.taken - earlier.taken,
            bytes: self.bytes - earlier.bytes,
            connections: self.connections - earlier.connections,
        }
    }

    pub fn bytes_each(self) -> u64 {
        self.bytes.checked_div(self.taken).unwrap_or(0)
    }
}

/// A running sink; ends with the value.
pub struct Sink {
    child: Child,
    asking: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    pub ports: Vec<u16>,
}

impl Sink {
    pub fn start(kind: &str, ports: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([kind, &ports.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        let ports = line.split_whitespace().map(|port| port.parse().unwrap()).collect();
        let asking = Mutex::new((child.stdin.take().unwrap(), told));
        Self { child, asking, ports }
    }

    pub fn counts(&self) -> Counts {
        let mut asking = self.asking.lock().unwrap();
        asking.0.write_all(b"?\n").unwrap();
        let mut line = String::new();
        asking.1.read_line(&mut line).unwrap();
        let numbers: Vec<u64> = line.split_whitespace().map(|n| n.parse().unwrap()).collect();
        Counts { taken: numbers[0], bytes: numbers[1], connections: numbers[2] }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until the parent is gone: one thread for all connections, one that answers the parent's questions.
pub fn serve<F: Future<Output = std::io::Result<()>> + 'static>(ports: usize, converse: fn(TcpStream) -> F) {
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines() {
            let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            println!("{} {} {}", count(&TAKEN), count(&BYTES), count(&CONNECTIONS));
        }
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let mut told = Vec::new();
        for _ in 0..ports {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.push(listener.local_addr().unwrap().port().to_string());
            tokio::task::spawn_local(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    CONNECTIONS.fetch_add(1, Ordering::Relaxed);
                    stream.set_nodelay(true).unwrap();
                    // A conversation that breaks off ends only itself.
                    tokio::task::spawn_local(async move { drop(converse(stream).await) });
                }
            });
        }
        println!("{}", told.join(" "));
        std::future::pending::<()>().await;
    });
}

/// A mail server's side (RFC 5321) for clients that wait for each answer.
pub async fn smtp(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 sink\r\n").await?;
    let mut buffer = vec![0_u8; 65_536];
    let (mut filled, mut content, mut tail) = (0, false, Vec::new());
    loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Ok(());
        }
        if content {
            BYTES.fetch_add(count as u64, Ordering::Relaxed);
            // The client waits after the dot, so that it is the end of what came.
            tail.extend_from_slice(&buffer[count.saturating_sub(5)..count]);
            let surplus = tail.len().saturating_sub(5);
            tail.drain(..surplus);
            if tail == b"\r\n.\r\n" {
                TAKEN.fetch_add(1, Ordering::Relaxed);
                content = false;
                stream.write_all(b"250 kept\r\n").await?;
            }
            continue;
        }
        filled += count;
        if !buffer[..filled].ends_with(b"\r\n") {
            continue;
        }
        let verb = buffer[..4.min(filled)].to_ascii_uppercase();
        filled = 0;
        let answer: &[u8] = match verb.as_slice() {
            b"EHLO" => b"250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 20971520\r\n",
            b"DATA" => {
                (content, tail) = (true, Vec::new());
                b"354 end with a dot\r\n"
            }
            b"QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
    }
}

/// An HTTP server's side: 204 to everything, connections kept.
pub async fn http(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0_u8; 65_536];
    let mut filled = 0;
    loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let Some(head) = buffer[..filled].windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length: usize = text
            .split("content-length:")
            .nth(1)
            .and_then(|t| t.lines().next())
            .map_or(0, |n| n.trim().parse().unwrap());
        if filled < head + 4 + length {
            continue;
        }
        // The client waits for the answer: nothing comes after the body.
        filled = 0;
        TAKEN.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(length as u64, Ordering::Relaxed);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
}

/// What the SMTP sink takes from a client that does nothing but send the same bytes over `connections` connections.
pub async fn smtp_ceiling(sink: &Sink, connections: usize, count: u64, mail: &str) -> f64 {
    let began = std::time::Instant::now();
    let content = format!("{}\r\n.\r\n", mail.trim_end());
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (port, content) = (sink.ports[0], content.clone());
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut answer = vec![0; 1_024];
                let _ = stream.read(&mut answer).await.unwrap();
                for at in 0..count / connections as u64 {
                    let steps = [
                        "EHLO x\r\n",
                        "MAIL FROM:<a@b.example>\r\n",
                        "RCPT TO:<a@b.example>\r\n",
                        "DATA\r\n",
                        &content,
                    ];
                    for step in steps.iter().skip(usize::from(at > 0)) {
                        stream.write_all(step.as_bytes()).await.unwrap();
                        let _ = stream.read(&mut answer).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
}

/// What the HTTP sink takes from a client that does nothing but post the same bytes.
pub async fn http_ceiling(sink: &Sink, connections: usize, count: u64, body: &str) -> f64 {
    let began = std::time::Instant::now();
    let request = format!("POST / HTTP/1.1\r\nhost: sink\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let tasks: Vec<_> = (0..connections)
        .map(|at| {
            let (port, request) = (sink.ports[at % sink.ports.len()], request.clone());
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut answer = vec![0; 1_024];
                for _ in 0..count / connections as u64 {
                    stream.write_all(request.as_bytes()).await.unwrap();
                    let _ = stream.read(&mut answer).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
}
