//! Everything that is generated from the types: schemas, samples, documents, the settings file.

use std::collections::BTreeMap;

use anyhow::Result;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::settings::{FILE_HEAD, Settings};

/// The OpenAPI document of all services.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut all = skillwire_directory::openapi();
    for part in [
        skillwire_intake::openapi(),
        skillwire_normalize::openapi(),
        skillwire_aggregate::openapi(),
        skillwire_route::openapi(),
        skillwire_deliver::openapi(),
        crate::dead_letters::openapi(),
    ] {
        all.merge(part);
    }
    all.info = utoipa::openapi::Info::new("Skillwire", env!("CARGO_PKG_VERSION"));
    all
}

/// The document as it is served and kept: with how programs prove who they are.
pub fn openapi_json() -> Result<Value> {
    let mut document = serde_json::to_value(openapi())?;
    document["info"]["description"] = "The wire service for workforce demand. Problems are RFC 9457.".into();
    document["info"]["license"] = json!({"name": "Apache-2.0"});
    document["components"]["securitySchemes"] =
        json!({"token": {"type": "http", "scheme": "bearer", "description": "An API token, made under /tokens."}});
    document["security"] = json!([{"token": []}]);
    Ok(document)
}

/// Every generated file: path from the root -> content.
pub fn files() -> Result<BTreeMap<String, String>> {
    let mut files: BTreeMap<String, String> = skillwire_schemas::generate::files()
        .into_iter()
        .map(|(path, text)| (format!("schemas/{path}"), text))
        .collect();
    files.insert("schemas/openapi.json".to_owned(), pretty(&openapi_json()?)?);
    let schema = SchemaSettings::default().into_generator().into_root_schema_for::<Settings>();
    files.insert("schemas/config.json".to_owned(), pretty(&serde_json::to_value(schema)?)?);
    files.insert("deploy/skillwire.toml".to_owned(), skillwire_runtime::config::render::<Settings>(FILE_HEAD));
    Ok(files)
}

fn pretty(value: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}
