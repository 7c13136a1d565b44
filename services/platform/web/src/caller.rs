//! Where a request comes from, in the network.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// The address that asks, if it is known: the connection's, or what one of our own proxies says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(pub Option<IpAddr>);

impl Caller {
    /// The rightmost forwarded address that is not one of our proxies counts: everything left of it the caller may have
    /// written.
    pub(crate) fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let Some(peer) = peer.map(|ip| ip.to_canonical()) else { return Self(None) };
        if !trusted.contains(&peer) {
            return Self(Some(peer));
        }
        let forwarded =
            headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",");
        let client = forwarded
            .rsplit(',')
            .map_while(|part| part.trim().parse::<IpAddr>().ok())
            .map(|ip| ip.to_canonical())
            .find(|ip| !trusted.contains(ip));
        Self(client.or(Some(peer)))
    }

    /// What is counted: an IPv4 address, or the /64 an IPv6 address lies in, because one household has all of that.
    #[must_use]
    pub fn place(&self) -> String {
        match self.0 {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(ip)) => ip.to_string(),
            Some(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_address_is_believed_of_our_proxies_only() {
        let (proxy, client): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "203.0.113.9".parse().unwrap());
        let headers: HeaderMap =
            [("x-forwarded-for".parse().unwrap(), "1.2.3.4, 203.0.113.9".parse().unwrap())].into_iter().collect();
        assert_eq!(Caller::of(Some(proxy), &headers, &[proxy]).0, Some(client));
        assert_eq!(Caller::of(Some(client), &headers, &[proxy]).0, Some(client));
        assert_eq!(Caller::of(Some(proxy), &HeaderMap::new(), &[proxy]).0, Some(proxy));
        assert_eq!(Caller::of(Some("::ffff:10.0.0.1".parse().unwrap()), &headers, &[proxy]).0, Some(client));
        assert_eq!(Caller::of(None, &headers, &[proxy]).0, None);
    }

    #[test]
    fn addresses_of_one_household_are_one_place() {
        let place = |ip: &str| Caller(Some(ip.parse().unwrap())).place();
        assert_eq!(place("2001:db8:1:2::1"), place("2001:db8:1:2:ffff::9"));
        assert_ne!(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"));
        assert_ne!(place("203.0.113.9"), place("203.0.113.10"));
    }
}
