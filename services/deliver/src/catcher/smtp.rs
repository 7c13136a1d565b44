//! The SMTP side (RFC 5321): enough to be a real conversation.

use std::time::Duration;

use skillwire_runtime::supervise::Stop;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::fault::{Fault, Faults};
use super::store::Mailbox;

/// Longest command line, bytes (RFC 5321 4.5.3.1.4, with room).
const LINE_BYTES_MAX: u64 = 4_096;
/// Largest mail, bytes.
const MAIL_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Longest silence.
const SILENCE_MAX: Duration = Duration::from_secs(300);

/// Takes connections until told to stop.
pub(super) async fn serve(listener: TcpListener, mailbox: Mailbox, faults: Faults, mut stop: Stop) {
    loop {
        let accepted = tokio::select! {
            () = stop.wait() => return,
            accepted = listener.accept() => accepted,
        };
        if let Ok((stream, _)) = accepted {
            let (mailbox, faults) = (mailbox.clone(), faults.clone());
            tokio::spawn(async move {
                if let Err(e) = converse(stream, &mailbox, &faults).await {
                    tracing::debug!(%e, "a mail conversation broke off");
                }
            });
        }
    }
}

async fn converse(stream: TcpStream, mailbox: &Mailbox, faults: &Faults) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    say(&mut stream, "220 skillwire mail catcher").await?;
    let (mut from, mut to, mut fault) = (String::new(), String::new(), None);
    loop {
        let mut line = String::new();
        let mut limited = (&mut stream).take(LINE_BYTES_MAX);
        let count = tokio::time::timeout(SILENCE_MAX, limited.read_line(&mut line)).await??;
        if count == 0 {
            return Ok(());
        }
        let verb: String = line.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-catcher\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 20971520").await?,
            "HELO" | "NOOP" => say(&mut stream, "250 ok").await?,
            "RSET" => {
                (from, to) = (String::new(), String::new());
                say(&mut stream, "250 ok").await?;
            }
            "MAIL" => {
                fault = faults.next();
                if fault == Some(Fault::Busy421) {
                    return say(&mut stream, "421 busy, closing").await;
                }
                from = address(&line);
                say(&mut stream, "250 ok").await?;
            }
            "RCPT" => match fault {
                Some(Fault::Later451) => say(&mut stream, "451 come again later").await?,
                Some(Fault::No550) => say(&mut stream, "550 no such mailbox").await?,
                _ => {
                    to = address(&line);
                    say(&mut stream, "250 ok").await?;
                }
            },
            "DATA" if to.is_empty() => say(&mut stream, "503 RCPT first").await?,
            "DATA" => {
                if fault == Some(Fault::CloseBeforeContent) {
                    return Ok(());
                }
                say(&mut stream, "354 end with a dot").await?;
                let raw = content(&mut stream).await?;
                if fault == Some(Fault::Refuse554) {
                    say(&mut stream, "554 refused").await?;
                    continue;
                }
                mailbox.keep(&from, &to, &raw)?;
                if fault == Some(Fault::CloseAfterContent) {
                    return Ok(());
                }
                say(&mut stream, "250 kept").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "502 not known here").await?,
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.flush().await
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
