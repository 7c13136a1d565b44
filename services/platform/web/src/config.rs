//! Section `http`.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where pages and API are served.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port to listen on.
    pub listen: String,
    /// How people reach us; links in mails begin with it. With https the cookies are Secure.
    pub public_url: String,
    /// Largest body of a request, bytes; single routes may take more.
    pub body_bytes_max: usize,
    /// Longest a request may take, seconds.
    pub request_timeout_s: u64,
    /// Requests in work at once; more are told to come again.
    pub in_flight_max: usize,
    /// Requests a minute from one address, or one token.
    pub requests_per_minute_max: u32,
    /// Addresses of our own proxies, whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            body_bytes_max: 1_048_576,
            request_timeout_s: 30,
            in_flight_max: 256,
            requests_per_minute_max: 1_200,
            trusted_proxies: Vec::new(),
        }
    }
}

impl HttpConfig {
    /// Whether people reach us over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
