//! NATS JWTs, version 2, as far as the door needs them: read a request of the server, write a user and a response. Pure.
//!
//! Source: the claims of nats-io/jwt v2 (authorization_request, authorization_response, user) and ADR-26 (auth callout).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use nkeys::{KeyPair, KeyPairType};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::readers::Reader;

/// The account that services and subscribers are in; the same word stands in deploy/nats.conf.
pub const ACCOUNT: &str = "WIRE";
/// How long an admitted connection may stay before it must prove itself again. A revoked one is put out at once; this bounds
/// what a lost kick costs.
const ADMITTED_FOR: TimeDelta = TimeDelta::hours(1);
/// A subscriber's connection: subscriptions at most, and the size of what it publishes (pulls and acknowledgements), bytes.
const SUBSCRIPTIONS_MAX: u32 = 32;
const PAYLOAD_BYTES_MAX: u32 = 4_096;

/// A token that is none, or not from a server.
#[derive(Debug, thiserror::Error)]
#[error("not a request of a nats-server: {0}")]
pub(crate) struct BadRequest(&'static str);

/// A key that cannot be made or cannot sign.
pub type DoorKeyError = nkeys::error::Error;

/// What a server asks: may this one come in?
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The key that the server gave the connection; the user's token must be made out to it.
    pub user_nkey: String,
    /// The server that asks.
    pub server: String,
    /// The name that was given.
    pub user: String,
    /// The password that was given.
    pub password: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    nats: RequestClaims,
}

#[derive(Deserialize)]
struct RequestClaims {
    #[serde(rename = "type")]
    kind: String,
    server_id: ServerId,
    user_nkey: String,
    connect_opts: ConnectOptions,
}

#[derive(Deserialize)]
struct ServerId {
    id: String,
}

#[derive(Deserialize)]
struct ConnectOptions {
    #[serde(default)]
    user: String,
    #[serde(default)]
    pass: String,
}

impl Request {
    /// Reads one, and checks that a server has signed it.
    pub(crate) fn read(token: &[u8]) -> Result<Self, BadRequest> {
        let token = std::str::from_utf8(token).map_err(|_| BadRequest("not text"))?;
        let (signed, signature) = token.rsplit_once('.').ok_or(BadRequest("no signature"))?;
        let (_, claims) = signed.split_once('.').ok_or(BadRequest("no claims"))?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| BadRequest("not base64url"));
        let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| BadRequest("other claims"))?;
        let key = KeyPair::from_public_key(&claims.iss).map_err(|_| BadRequest("the issuer is no key"))?;
        if key.key_pair_type() != KeyPairType::Server || claims.nats.server_id.id != claims.iss {
            return Err(BadRequest("the issuer is no server"));
        }
        key.verify(signed.as_bytes(), &decode(signature)?).map_err(|_| BadRequest("the signature is wrong"))?;
        if claims.nats.kind != "authorization_request" {
            return Err(BadRequest("another type"));
        }
        let RequestClaims { user_nkey, connect_opts, .. } = claims.nats;
        Ok(Self { user_nkey, server: claims.iss, user: connect_opts.user, password: connect_opts.pass })
    }
}

/// Signs what the door says.
pub struct Issuer(KeyPair);

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issuer(..)")
    }
}

impl Issuer {
    /// From 32 secret bytes.
    ///
    /// # Errors
    /// When the bytes make no key; all 32 bytes do.
    pub fn new(seed: [u8; 32]) -> Result<Self, DoorKeyError> {
        KeyPair::new_from_raw(KeyPairType::Account, seed).map(Self)
    }

    /// What stands as `issuer` in the server's configuration.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.0.public_key()
    }

    /// The answer: come in, as that reader.
    pub(crate) fn admit(&self, request: &Request, reader: &Reader, now: DateTime<Utc>) -> Result<String, DoorKeyError> {
        let user = self.token(json!({
            "iss": self.public_key(),
            "sub": request.user_nkey,
            "aud": ACCOUNT,
            "name": reader.name(),
            "iat": now.timestamp(),
            "exp": (now + ADMITTED_FOR).timestamp(),
            "nats": {
                "type": "user",
                "version": 2,
                "pub": {"allow": reader.may_publish()},
                "sub": {"allow": reader.may_subscribe()},
                "subs": SUBSCRIPTIONS_MAX,
                "data": -1,
                "payload": PAYLOAD_BYTES_MAX,
                "allowed_connection_types": ["STANDARD", "WEBSOCKET"],
            },
        }))?;
        self.answer(request, json!({"jwt": user}), now)
    }

    /// The answer: stay out.
    pub(crate) fn refuse(&self, request: &Request, now: DateTime<Utc>) -> Result<String, DoorKeyError> {
        self.answer(request, json!({"error": "name or password is wrong, or was revoked"}), now)
    }

    fn answer(&self, request: &Request, mut said: Value, now: DateTime<Utc>) -> Result<String, DoorKeyError> {
        said["type"] = "authorization_response".into();
        said["version"] = 2.into();
        self.token(json!({
            "iss": self.public_key(),
            "sub": request.user_nkey,
            "aud": request.server,
            "iat": now.timestamp(),
            "nats": said,
        }))
    }

    fn token(&self, claims: Value) -> Result<String, DoorKeyError> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"typ": "JWT", "alg": "ed25519-nkey"})), part(&claims));
        let signature = self.0.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(signed_by: &KeyPair, issuer: &str) -> String {
        let claims = json!({"iss": issuer, "nats": {"type": "authorization_request", "server_id": {"id": issuer},
            "user_nkey": "UX", "connect_opts": {"user": "u", "pass": "p", "protocol": 1}}});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"typ": "JWT"})), part(&claims));
        let signature = signed_by.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn only_what_a_server_has_signed_is_a_request() {
        let server = KeyPair::new_from_raw(KeyPairType::Server, [1; 32]).unwrap();
        let good = request(&server, &server.public_key());
        let read = Request::read(good.as_bytes()).unwrap();
        assert_eq!((read.user.as_str(), read.password.as_str(), read.user_nkey.as_str()), ("u", "p", "UX"));
        assert_eq!(read.server, server.public_key());
        let other = KeyPair::new_from_raw(KeyPairType::Server, [2; 32]).unwrap();
        assert!(Request::read(request(&other, &server.public_key()).as_bytes()).is_err(), "another's signature");
        let user = KeyPair::new_from_raw(KeyPairType::User, [3; 32]).unwrap();
        assert!(Request::read(request(&user, &user.public_key()).as_bytes()).is_err(), "a user is no server");
        for bad in ["", "a.b.c", "..", &good[..good.len() - 2]] {
            assert!(Request::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_signed_and_made_out_to_the_connection_and_the_server() {
        let issuer = Issuer::new([7; 32]).unwrap();
        let request = Request {
            user_nkey: "UX".to_owned(),
            server: "NX".to_owned(),
            user: "u".to_owned(),
            password: "p".to_owned(),
        };
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let reader = Reader::new("r".to_owned());
        let claims = |token: &str| -> Value {
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let key = KeyPair::from_public_key(&issuer.public_key()).unwrap();
            key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap()).unwrap()
        };
        let answer = claims(&issuer.admit(&request, &reader, now).unwrap());
        assert_eq!((answer["aud"].as_str(), answer["sub"].as_str()), (Some("NX"), Some("UX")));
        let user = claims(answer["nats"]["jwt"].as_str().unwrap());
        assert_eq!((user["aud"].as_str(), user["sub"].as_str()), (Some(ACCOUNT), Some("UX")));
        assert_eq!(user["exp"].as_i64().unwrap() - user["iat"].as_i64().unwrap(), 3_600);
        let no = claims(&issuer.refuse(&request, now).unwrap());
        assert!(no["nats"]["jwt"].is_null() && no["nats"]["error"].is_string());
    }
}
