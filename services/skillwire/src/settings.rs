//! All settings: one section a part of the house.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillwire_bus::NatsConfig;
use skillwire_runtime::telemetry::LogConfig;
use skillwire_store::DatabaseConfig;
use skillwire_web::{HttpConfig, OutboundConfig};

/// Every setting of Skillwire.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where PostgreSQL is and how much of it we use.
    pub database: DatabaseConfig,
    /// Where NATS is and how much it keeps for us.
    pub nats: NatsConfig,
    /// Where pages and API are served.
    pub http: HttpConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// What links and tokens are signed with.
    pub secret: SecretConfig,
    /// What may be called when somebody else gave the address.
    pub outbound: OutboundConfig,
    /// Who is who: sign-in, people, tokens.
    pub directory: skillwire_directory::Config,
    /// What is taken, and how much of it.
    pub intake: skillwire_intake::Config,
    /// How words become concepts.
    pub normalize: skillwire_normalize::Config,
    /// How needs become signals.
    pub aggregate: skillwire_aggregate::Config,
    /// Who wants which signals.
    pub route: skillwire_route::Config,
    /// How signals get to people.
    pub deliver: skillwire_deliver::Config,
}

/// What links and tokens are signed with.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SecretConfig {
    /// 64 hexadecimal digits, e.g. from `openssl rand -hex 32`. All processes of an installation have the same one. There is
    /// no default: a key that is known to others is none.
    pub key: String,
    /// Former keys, after a change of `key`: what was sealed and signed under them still opens and holds.
    pub previous_keys: Vec<String>,
}

impl std::fmt::Debug for SecretConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretConfig(..)")
    }
}

/// What stands above the documented settings file.
pub const FILE_HEAD: &str =
    "# Skillwire settings: every key with its default. Made by `skillwire schemas`; do not edit, copy.
# A setting in the environment wins over this file, the file wins over the default.
";
