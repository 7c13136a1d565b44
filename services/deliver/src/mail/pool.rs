//! Connections that wait for the next mail.
//!
//! lettre has a pool, but it hands a mail over whole; our conversation stops before the content, so that it can be written down
//! that the content is leaving. Hence a small one of our own.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lettre::transport::smtp::client::AsyncSmtpConnection;

/// Longest wait for the answer to a goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection, and how many mails went over it.
pub(super) struct Line {
    pub connection: AsyncSmtpConnection,
    pub mails: u32,
}

impl Line {
    /// Says goodbye, if anybody still listens; waits for nobody.
    pub(super) fn part(mut self) {
        tokio::spawn(async move {
            let _ = tokio::time::timeout(GOODBYE_TIMEOUT, self.connection.quit()).await;
        });
    }
}

/// The pool.
pub(super) struct Pool {
    idle: Mutex<Vec<(Line, DateTime<Utc>)>>,
    lines_max: usize,
    mails_max: u32,
    idle_max: TimeDelta,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} idle)", self.lock().len())
    }
}

impl Pool {
    pub(super) fn new(lines_max: usize, mails_max: u32, idle_max: TimeDelta) -> Self {
        Self { idle: Mutex::default(), lines_max, mails_max, idle_max }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Line, DateTime<Utc>)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection used last, if one is fresh enough.
    pub(super) fn take(&self, now: DateTime<Utc>) -> Option<Line> {
        self.tidy(now);
        self.lock().pop().map(|(line, _)| line)
    }

    /// Keeps a connection that is ready for the next mail, unless it has served its time.
    pub(super) fn give(&self, line: Line, now: DateTime<Utc>) {
        let mut idle = self.lock();
        if line.mails >= self.mails_max || idle.len() >= self.lines_max {
            return line.part();
        }
        idle.push((line, now));
    }

    /// Closes what has been idle too long.
    pub(super) fn tidy(&self, now: DateTime<Utc>) {
        let old = {
            let mut idle = self.lock();
            let (old, fresh) = std::mem::take(&mut *idle).into_iter().partition(|(_, at)| now - *at >= self.idle_max);
            *idle = fresh;
            let old: Vec<(Line, DateTime<Utc>)> = old;
            old
        };
        old.into_iter().for_each(|(line, _)| line.part());
    }

    /// Drops all: the server closed one, so most likely it was started anew and has closed the others too.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Takes all out, for the goodbye at the end.
    pub(super) fn drain(&self) -> Vec<Line> {
        std::mem::take(&mut *self.lock()).into_iter().map(|(line, _)| line).collect()
    }
}
