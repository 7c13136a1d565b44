//! `skillwire submit`: files to a running Skillwire, in parts, resumable.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Ended, console};

/// Rows of one part of a CSV file.
const PART_ROWS: usize = 500;
/// Tries of one part before it is given up.
const TRIES_MAX: u32 = 8;
/// Rejected rows shown of one file at most.
const ERRORS_SHOWN_MAX: usize = 50;

/// Send files with needs.
#[derive(Debug, Args)]
pub(super) struct Submit {
    /// .csv, .xlsx, .json, .jsonld, .html, .txt or .docx
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where Skillwire runs.
    #[arg(long, env = "SKILLWIRE_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// An API token with the scope submit_needs.
    #[arg(long, env = "SKILLWIRE_TOKEN", hide_env_values = true)]
    token: String,
    /// Staff: the employer whose needs these are.
    #[arg(long)]
    employer: Option<String>,
}

/// A part of a file. Its key follows from the file's content: sent again, it is taken once.
struct Part {
    key: String,
    body: Vec<u8>,
    /// Rows before this part, to tell the file's row numbers.
    rows_before: usize,
}

#[derive(Default)]
struct Tally {
    accepted: u64,
    rejected: u64,
    repeated: u64,
}

impl Submit {
    pub(super) async fn run(self) -> Result<Ended> {
        let client = Client::builder().timeout(Duration::from_secs(120)).build()?;
        let mut ended = Ended::Well;
        for file in &self.files {
            let tally = self.send_file(&client, file).await.with_context(|| file.display().to_string())?;
            console::line(&format!(
                "{}: {} accepted, {} rejected{}",
                file.display(),
                tally.accepted,
                tally.rejected,
                if tally.repeated > 0 {
                    format!(", {} parts had been sent before", tally.repeated)
                } else {
                    String::new()
                }
            ));
            if tally.rejected > 0 {
                ended = Ended::InPart;
            }
        }
        Ok(ended)
    }

    async fn send_file(&self, client: &Client, file: &Path) -> Result<Tally> {
        let bytes = std::fs::read(file).context("cannot be read")?;
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or("file").to_owned();
        let parts = parts(&bytes, &name);
        let bar = ProgressBar::new(parts.len() as u64)
            .with_style(ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} parts {eta}")?)
            .with_message(name.clone());
        let (mut tally, mut shown) = (Tally::default(), 0);
        for part in parts {
            let (status, answer) = self.send_part(client, &name, &part).await?;
            tally.repeated += u64::from(status == StatusCode::OK);
            if status.is_success() {
                tally.accepted += answer["accepted"].as_u64().unwrap_or_default();
                tally.rejected += answer["rejected"].as_u64().unwrap_or_default();
            } else if status == StatusCode::UNPROCESSABLE_ENTITY && answer["rejected"].is_u64() {
                tally.rejected += answer["rejected"].as_u64().unwrap_or_default();
            } else {
                bar.abandon();
                bail!("refused ({status}): {}", answer["detail"].as_str().unwrap_or("no reason was given"));
            }
            for item in answer["items"].as_array().into_iter().flatten() {
                for error in item["errors"].as_array().into_iter().flatten().take(3) {
                    if shown < ERRORS_SHOWN_MAX {
                        shown += 1;
                        let place = place(item["place"].as_str().unwrap_or_default(), part.rows_before);
                        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
                        bar.suspend(|| {
                            console::error(&format!("{name}: {place}: {}: {}", text("field"), text("message")))
                        });
                    }
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(tally)
    }

    /// Sends a part; a Skillwire that is away or busy is tried again with the same key.
    async fn send_part(&self, client: &Client, name: &str, part: &Part) -> Result<(StatusCode, Value)> {
        let mut query = vec![("file_name", name.to_owned())];
        query.extend(self.employer.clone().map(|employer| ("employer", employer)));
        let url =
            reqwest::Url::parse_with_params(&format!("{}/api/v1/submissions", self.url.trim_end_matches('/')), &query)
                .context("--url is no address")?;
        let mut tries = 0;
        loop {
            tries += 1;
            let sent = client
                .post(url.clone())
                .bearer_auth(&self.token)
                .header("idempotency-key", &part.key)
                .header("content-type", "application/octet-stream")
                .body(part.body.clone())
                .send()
                .await;
            let wait = Duration::from_millis(200u64.saturating_mul(2u64.saturating_pow(tries)));
            match sent {
                Ok(answer) if matches!(answer.status().as_u16(), 429 | 502 | 503 | 504) && tries < TRIES_MAX => {
                    tokio::time::sleep(wait).await;
                }
                Ok(answer) => {
                    let status = answer.status();
                    let text = answer.text().await.unwrap_or_default();
                    return Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))));
                }
                Err(e) if tries >= TRIES_MAX => {
                    return Err(e)
                        .context("Skillwire does not answer; the same command goes on where this one stopped");
                }
                Err(_) => tokio::time::sleep(wait).await,
            }
        }
    }
}

/// The parts of a file. Only a plain CSV is split: quoted line breaks are kept together, other formats are whole.
fn parts(bytes: &[u8], name: &str) -> Vec<Part> {
    let digest: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    let whole = || vec![Part { key: digest.clone(), body: bytes.to_vec(), rows_before: 0 }];
    if !name.to_ascii_lowercase().ends_with(".csv") {
        return whole();
    }
    let lines = records(bytes);
    let Some((header, rows)) = lines.split_first() else { return whole() };
    if rows.len() <= PART_ROWS {
        return whole();
    }
    rows.chunks(PART_ROWS)
        .enumerate()
        .map(|(at, chunk)| Part {
            key: format!("{digest}-{at}"),
            body: std::iter::once(header).chain(chunk).flat_map(|line| line.iter().copied()).collect(),
            rows_before: at * PART_ROWS,
        })
        .collect()
}

/// The records of a CSV file, line ends included; a line break within quotes ends none.
fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut records, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                records.push(&bytes[start..=at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < bytes.len() {
        records.push(&bytes[start..]);
    }
    records
}

/// `row 7` of a part as the row of the file.
fn place(place: &str, rows_before: usize) -> String {
    match place.strip_prefix("row ").and_then(|n| n.parse::<usize>().ok()) {
        Some(row) => format!("row {}", row + rows_before),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_split_and_rows_keep_their_numbers() {
        let mut file = "a,b\n".to_owned();
        (0..1_201).for_each(|n| file.push_str(&format!("{n},\"x\ny\"\n")));
        let parts = parts(file.as_bytes(), "x.CSV");
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|p| p.body.starts_with(b"a,b\n")));
        assert!(parts[2].body.ends_with(b"1200,\"x\ny\"\n"));
        assert_eq!(place("row 2", parts[1].rows_before), "row 502");
        assert_ne!(parts[0].key, parts[1].key);
        assert_eq!(super::parts(file.as_bytes(), "x.xlsx").len(), 1);
    }
}
