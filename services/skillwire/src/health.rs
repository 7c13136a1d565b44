//! Whether the engines answer.

use std::sync::Arc;

use async_trait::async_trait;
use skillwire_bus::Bus;
use skillwire_store::Db;
use skillwire_web::Health;

use crate::house::House;

struct Postgres(Db);
struct Nats(Bus);

#[async_trait]
impl Health for Postgres {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    async fn check(&self) -> Result<(), String> {
        self.0.ping().await.map_err(|e| e.to_string())
    }
}

#[async_trait]
impl Health for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    async fn check(&self) -> Result<(), String> {
        self.0.ping().await.map_err(|e| e.to_string())
    }
}

/// What must answer before a process is ready.
#[must_use]
pub fn checks(house: &House) -> Vec<Arc<dyn Health>> {
    vec![Arc::new(Postgres(house.db("directory"))), Arc::new(Nats(house.bus.clone()))]
}
