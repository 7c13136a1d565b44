//! The SMTP side (RFC 5321): enough to be a real conversation.

use std::sync::atomic::Ordering;
use std::time::Duration;

use skillwire_runtime::supervise::Stop;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::Catcher;
use super::fault::{Fault, SLOW};

/// Longest command line, bytes (RFC 5321 4.5.3.1.4, with room).
const LINE_BYTES_MAX: u64 = 4_096;
/// Largest mail, bytes.
const MAIL_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Longest silence.
const SILENCE_MAX: Duration = Duration::from_secs(300);

/// Takes connections until told to stop.
pub(super) async fn serve(listener: TcpListener, catcher: Catcher, mut stop: Stop) {
    loop {
        let accepted = tokio::select! {
            () = stop.wait() => return,
            accepted = listener.accept() => accepted,
        };
        if let Ok((stream, _)) = accepted {
            catcher.connections.fetch_add(1, Ordering::Relaxed);
            let catcher = catcher.clone();
            tokio::spawn(async move {
                if let Err(e) = converse(stream, &catcher).await {
                    tracing::debug!(%e, "a mail conversation broke off");
                }
            });
        }
    }
}

/// A conversation, of one mail or several.
struct Talk {
    stream: BufReader<TcpStream>,
    from: String,
    to: String,
    fault: Option<Fault>,
}

async fn converse(stream: TcpStream, catcher: &Catcher) -> std::io::Result<()> {
    let mut talk = Talk { stream: BufReader::new(stream), from: String::new(), to: String::new(), fault: None };
    if catcher.faults.at_greeting() {
        return talk.say("421 busy, closing").await;
    }
    talk.say("220 skillwire mail catcher").await?;
    loop {
        let mut line = String::new();
        let mut limited = (&mut talk.stream).take(LINE_BYTES_MAX);
        let count = tokio::time::timeout(SILENCE_MAX, limited.read_line(&mut line)).await??;
        if count == 0 || !talk.answer(&line, catcher).await? {
            return Ok(());
        }
    }
}

impl Talk {
    /// Answers a line; whether the conversation goes on.
    async fn answer(&mut self, line: &str, catcher: &Catcher) -> std::io::Result<bool> {
        let verb: String = line.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
        let (answer, goes_on) = match verb.as_str() {
            "EHLO" => ("250-catcher\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 20971520", true),
            "HELO" | "NOOP" => ("250 ok", true),
            "RSET" => {
                (self.from, self.to) = (String::new(), String::new());
                ("250 ok", true)
            }
            "MAIL" => {
                self.fault = catcher.faults.next();
                (self.from, self.to) = (address(line), String::new());
                match self.fault {
                    Some(Fault::Busy421 | Fault::Greeting421) => ("421 busy, closing", false),
                    Some(Fault::Hang) => return self.hang().await,
                    _ => ("250 ok", true),
                }
            }
            "RCPT" => match self.fault {
                Some(Fault::Later451) => ("451 come again later", true),
                Some(Fault::No550) => ("550 no such mailbox", true),
                Some(Fault::Unknown511) => ("550 5.1.1 no such mailbox", true),
                Some(Fault::Policy571) => ("550 5.7.1 not from you", true),
                Some(Fault::Recipient421) => ("421 busy, closing", false),
                _ => {
                    self.to = address(line);
                    ("250 ok", true)
                }
            },
            "DATA" if self.to.is_empty() => ("503 RCPT first", true),
            "DATA" => match self.fault {
                Some(Fault::CloseBeforeContent) => return Ok(false),
                Some(Fault::HangAtData) => return self.hang().await,
                Some(Fault::Data421) => ("421 busy, closing", false),
                Some(Fault::LaterAtData451) => ("451 come again later", true),
                _ => return self.content(catcher).await,
            },
            "QUIT" => ("221 bye", false),
            _ => ("502 not known here", true),
        };
        self.say(answer).await?;
        Ok(goes_on)
    }

    /// Takes the content; whether the conversation goes on.
    async fn content(&mut self, catcher: &Catcher) -> std::io::Result<bool> {
        self.say("354 end with a dot").await?;
        if self.fault == Some(Fault::CloseWithinContent) {
            let mut line = String::new();
            (&mut self.stream).take(LINE_BYTES_MAX).read_line(&mut line).await?;
            return Ok(false);
        }
        let raw = content(&mut self.stream).await?;
        let refused = match self.fault {
            Some(Fault::Refuse554) => Some("554 refused"),
            Some(Fault::LaterAfterContent451) => Some("451 come again later"),
            _ => None,
        };
        if let Some(answer) = refused {
            self.say(answer).await?;
            return Ok(true);
        }
        catcher.mailbox.keep(&self.from, &self.to, &raw)?;
        match self.fault {
            Some(Fault::CloseAfterContent) => return Ok(false),
            Some(Fault::HangAfterContent) => return self.hang().await,
            Some(Fault::SlowYes) => tokio::time::sleep(SLOW).await,
            _ => {}
        }
        self.say("250 kept").await?;
        Ok(true)
    }

    /// Says nothing until the other side goes.
    async fn hang(&mut self) -> std::io::Result<bool> {
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(SILENCE_MAX, (&mut self.stream).take(LINE_BYTES_MAX).read_to_end(&mut rest)).await;
        Ok(false)
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

/// The content up to the dot, dots at line beginnings undone (RFC 5321 4.5.2).
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        let count = tokio::time::timeout(SILENCE_MAX, stream.read_until(b'\n', &mut line)).await??;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" || line == b".\n" {
            return Ok(raw);
        }
        let line = line.strip_prefix(b".").unwrap_or(&line);
        if raw.len() + line.len() > MAIL_BYTES_MAX {
            return Err(std::io::Error::other("the mail is too large"));
        }
        raw.extend_from_slice(line);
    }
}

/// What stands between the angle brackets.
fn address(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(a, _)| a.to_owned()).unwrap_or_default()
}
