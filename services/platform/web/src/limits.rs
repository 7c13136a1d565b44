//! How often somebody may ask: a fixed window a minute, per token else per address, in bounded memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;

/// Callers remembered at most; when there are more, the window begins anew for all.
const CALLERS_MAX: usize = 100_000;
/// The window, seconds.
const WINDOW_S: i64 = 60;

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Limits {
    max: u32,
    window: Mutex<(i64, HashMap<String, u32>)>,
}

impl Limits {
    pub(crate) fn new(max: u32) -> Self {
        Self { max, window: Mutex::new((0, HashMap::new())) }
    }

    /// Counts a request at that second; when it is one too many, tells after how many seconds to come again.
    pub(crate) fn take(&self, caller: &str, now_s: i64) -> Result<(), u64> {
        let mut guard = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (started, counts) = &mut *guard;
        if now_s - *started >= WINDOW_S || counts.len() >= CALLERS_MAX {
            *started = now_s;
            counts.clear();
        }
        let count = counts.entry(caller.to_owned()).or_default();
        *count += 1;
        if *count > self.max {
            return Err(u64::try_from(WINDOW_S - (now_s - *started)).unwrap_or(1).max(1));
        }
        Ok(())
    }
}

/// The address that asks: the connection's, or what our own proxy says of it. The rightmost address that is not one of
/// ours counts: everything left of it the caller may have written.
pub(crate) fn address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = peer?;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let forwarded =
        headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",");
    forwarded
        .rsplit(',')
        .map_while(|part| part.trim().parse::<IpAddr>().ok())
        .find(|ip| !trusted.contains(ip))
        .or(Some(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_waits_for_the_next_window() {
        let limits = Limits::new(2);
        assert!(limits.take("a", 100).is_ok() && limits.take("a", 110).is_ok());
        assert_eq!(limits.take("a", 130), Err(30));
        assert!(limits.take("b", 130).is_ok());
        assert!(limits.take("a", 160).is_ok());
    }

    #[test]
    fn a_forwarded_address_is_believed_of_our_proxies_only() {
        let (proxy, client): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "203.0.113.9".parse().unwrap());
        let headers: HeaderMap =
            [("x-forwarded-for".parse().unwrap(), "1.2.3.4, 203.0.113.9".parse().unwrap())].into_iter().collect();
        assert_eq!(address(Some(proxy), &headers, &[proxy]), Some(client));
        assert_eq!(address(Some(client), &headers, &[proxy]), Some(client));
        assert_eq!(address(Some(proxy), &HeaderMap::new(), &[proxy]), Some(proxy));
    }
}
