//! What may be called from here when somebody else gave the address: the guard against server-side request forgery (OWASP ASVS
//! 5.0, 1.3.6). Whoever opens a connection asks [`Outbound::address`] for the address it is about to use, every time: a name
//! that was good yesterday may lead into our own network today.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Longest address that is taken, characters.
const URL_CHARS_MAX: usize = 2_000;

/// Section `outbound`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundConfig {
    /// Whether addresses without TLS (http://) may be called. For development only.
    pub plain_http: bool,
    /// Networks that may be called although they are not public, e.g. ["127.0.0.0/8", "10.20.0.0/16"]. Everything private,
    /// loopback, link-local, shared, reserved or multicast is refused otherwise.
    pub allowed_networks: Vec<String>,
}

/// An address that is not called, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The setting.
    #[error("outbound.allowed_networks: '{0}' is no network; give one such as 10.20.0.0/16")]
    Setting(String),
    /// Not an address we would call.
    #[error("{0}; give an address such as https://example.org/hooks/skillwire")]
    Url(String),
    /// Not a public address.
    #[error("{0} is no public address ({1}); it is not called")]
    Address(IpAddr, &'static str),
}

/// What may be called.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    plain_http: bool,
    allowed: Vec<IpNet>,
}

impl Outbound {
    /// From the settings.
    ///
    /// # Errors
    /// [`OutboundError::Setting`] names the network that cannot be read.
    pub fn new(config: &OutboundConfig) -> Result<Self, OutboundError> {
        let network = |text: &String| text.trim().parse().map_err(|_| OutboundError::Setting(text.clone()));
        let allowed = config.allowed_networks.iter().map(network).collect::<Result<_, _>>()?;
        Ok(Self { plain_http: config.plain_http, allowed })
    }

    /// Whether addresses without TLS may be called.
    #[must_use]
    pub const fn plain_http(&self) -> bool {
        self.plain_http
    }

    /// Reads an address that somebody gave. A host that is a number in any of its spellings (decimal, octal, hexadecimal,
    /// shortened) is read as browsers read it and judged as the address it is; a name is judged when it is resolved.
    ///
    /// # Errors
    /// [`OutboundError`] with what would be right.
    pub fn url(&self, text: &str) -> Result<Url, OutboundError> {
        let bad = |why: &str| OutboundError::Url(why.to_owned());
        let text = text.trim();
        if text.chars().count() > URL_CHARS_MAX {
            return Err(bad("the address is longer than 2,000 characters"));
        }
        let url = Url::parse(text).map_err(|e| OutboundError::Url(format!("the address cannot be read ({e})")))?;
        match url.scheme() {
            "https" => {}
            "http" if self.plain_http => {}
            "http" => return Err(bad("http:// is not called: what is sent must not be readable on its way")),
            _ => return Err(bad("only https:// is called")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("no name and password in the address: the signature proves who calls"));
        }
        if url.fragment().is_some() {
            return Err(bad("no # in the address: it would not be sent"));
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.address(address.into())?,
            Some(Host::Ipv6(address)) => self.address(address.into())?,
            Some(Host::Domain(name)) if !name.is_empty() => {}
            _ => return Err(bad("the address names no host")),
        }
        Ok(url)
    }

    /// Whether that address may be called.
    ///
    /// # Errors
    /// [`OutboundError::Address`] with the kind of address it is.
    pub fn address(&self, address: IpAddr) -> Result<(), OutboundError> {
        if self.allowed.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        let why = match address {
            IpAddr::V4(v4) => not_public_v4(v4),
            IpAddr::V6(v6) => self.not_public_v6(v6),
        };
        why.map_or(Ok(()), |why| Err(OutboundError::Address(address, why)))
    }

    fn not_public_v6(&self, address: Ipv6Addr) -> Option<&'static str> {
        // An address that only wraps another is as good as the one inside.
        if let Some(inside) = wrapped(address) {
            return self.address(inside.into()).err().map(|_| "wraps an address that is not public");
        }
        let global = net6(0x2000, 0, 3);
        if !global.contains(&address) {
            return Some("not global unicast");
        }
        NOT_PUBLIC_V6.iter().find(|(a, b, bits, _)| net6(*a, *b, *bits).contains(&address)).map(|(.., why)| *why)
    }
}

/// The IPv4 address inside a mapped (RFC 4291, 2.5.5.2) or translated (RFC 6052, well-known prefix) one.
fn wrapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let [a, b] = s[6].to_be_bytes();
    let [c, d] = s[7].to_be_bytes();
    match s[..6] {
        [0, 0, 0, 0, 0, 0xffff] | [0x0064, 0xff9b, 0, 0, 0, 0] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

fn net6(first: u16, second: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), bits)
}

/// IPv4 that is not public: the IANA special-purpose registry (RFC 6890 and updates), multicast (RFC 5771) and the rest of the
/// old class E.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8, &str); 18] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a provider"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved, broadcast"),
];

/// Inside 2000::/3, what is not public: first two groups, prefix length, why.
const NOT_PUBLIC_V6: [(u16, u16, u8, &str); 4] = [
    (0x2001, 0x0000, 23, "reserved for protocols, Teredo"),
    (0x2001, 0x0db8, 32, "documentation"),
    (0x2002, 0x0000, 16, "6to4, wraps an IPv4 address"),
    (0x3fff, 0x0000, 20, "documentation"),
];

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    NOT_PUBLIC_V4
        .iter()
        .find(|(network, bits, _)| Ipv4Net::new_assert(*network, *bits).contains(&address))
        .map(|(.., why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public_only() -> Outbound {
        Outbound::default()
    }

    /// Forms in which an address of our own network was written, in other guards' bug reports and in the standards.
    const REFUSED: [&str; 52] = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://0177.0.0.1/",
        "https://0177.0.0.01/",
        "https://127.0.0.1./",
        "https://127.000.000.001/",
        "https://%31%32%37.0.0.1/",
        "https://１２７.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://0x0/",
        "https://10.0.0.8/",
        "https://167772168/",
        "https://012.0.0.8/",
        "https://100.64.0.1/",
        "https://100.127.255.254/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.0.0.1/",
        "https://192.0.2.7/",
        "https://192.88.99.1/",
        "https://192.168.1.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://239.255.255.250/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:10.0.0.8]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::10.0.0.8]/",
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "https://[2002:7f00:1::]/",
        "https://[fc00::1]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
    ];

    #[test]
    fn no_form_of_an_address_of_ours_is_called() {
        for text in REFUSED {
            let answer = public_only().url(text);
            assert!(matches!(answer, Err(OutboundError::Address(..))), "{text}: {answer:?}");
        }
        for text in ["https://[fd00:ec2::254]/", "https://[2001:db8::1]/", "https://[3fff::1]/", "https://[5f00::1]/"] {
            assert!(matches!(public_only().url(text), Err(OutboundError::Address(..))), "{text}");
        }
    }

    #[test]
    fn what_is_no_https_address_of_somebody_is_refused_with_what_would_be_right() {
        for text in [
            "",
            "example.org",
            "http://example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "gopher://example.org/",
            "https://user:pass@example.org/",
            "https://user@example.org/",
            "https://",
            "https:///path",
            "https://example.org/#part",
            "https://[::1",
            "https://exa mple.org/",
            "https://example.org:99999/",
            "javascript:alert(1)",
            "data:text/plain,x",
            "https://[fe80::1%25eth0]/",
            "https://999.1.1.1/",
        ] {
            let answer = public_only().url(text);
            // "https:///path" is read as browsers read it: the host is "path", and a name is judged when it is resolved.
            let is_name = text == "https:///path" && answer.is_ok();
            assert!(is_name || matches!(answer, Err(OutboundError::Url(_))), "{text}: {answer:?}");
        }
        let long = format!("https://example.org/{}", "a".repeat(2_000));
        assert!(public_only().url(&long).is_err());
    }

    #[test]
    fn public_addresses_are_called() {
        for text in [
            "https://example.org/hooks?token=x",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
            "https://[::ffff:8.8.8.8]/",
            "https://[64:ff9b::8.8.8.8]/",
            "https://172.32.0.1/",
            "https://100.63.255.255/",
            "https://192.0.1.1/",
            "https://223.255.255.255/",
            "https://example.org:8443/",
        ] {
            assert!(public_only().url(text).is_ok(), "{text}: {:?}", public_only().url(text));
        }
    }

    #[test]
    fn the_edges_of_every_network_are_where_they_should_be() {
        for (network, bits, _) in NOT_PUBLIC_V4 {
            let net = Ipv4Net::new_assert(network, bits);
            assert_eq!(net.network(), network, "{network}/{bits} begins at its beginning");
            for edge in [net.network(), net.broadcast()] {
                assert!(public_only().address(edge.into()).is_err(), "{edge}");
            }
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_called_and_a_bad_setting_is_named() {
        let config = OutboundConfig { plain_http: true, allowed_networks: vec!["127.0.0.1/32".to_owned()] };
        let outbound = Outbound::new(&config).unwrap();
        assert!(outbound.url("http://127.0.0.1:9000/").is_ok());
        assert!(outbound.url("http://127.0.0.2/").is_err());
        assert!(outbound.url("http://[::ffff:127.0.0.1]/").is_ok(), "the same address, wrapped");
        let bad = OutboundConfig { plain_http: false, allowed_networks: vec!["10.0/8".to_owned()] };
        assert!(Outbound::new(&bad).unwrap_err().to_string().contains("'10.0/8'"));
    }
}
