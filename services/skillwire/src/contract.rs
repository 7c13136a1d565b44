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
    document["components"]["schemas"]["Problem"] = json!({
        "type": "object",
        "description": "What is wrong, RFC 9457.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string", "description": "Where it is described."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "A word for programs."},
            "detail": {"type": "string", "description": "What is wrong, where, and what would be right."},
        },
    });
    for (path, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for operation in methods.as_object_mut().into_iter().flat_map(|methods| methods.values_mut()) {
            complete(path, operation);
        }
    }
    Ok(document)
}

/// What holds for every operation, said once here: ids in a path are UUIDs unless the operation says otherwise, every answer
/// has a description, and whatever is not said to happen is a problem.
fn complete(path: &str, operation: &mut Value) {
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        if !parameters.into_iter().any(|known| known["in"] == "path" && known["name"] == name) {
            let known = operation["parameters"].as_array().cloned().unwrap_or_default();
            let this =
                json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}});
            operation["parameters"] = known.into_iter().chain([this]).collect();
        }
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if answer["description"].as_str().unwrap_or_default().is_empty() {
            let status = status.parse().ok().and_then(|code| axum::http::StatusCode::from_u16(code).ok());
            answer["description"] = status.and_then(|s| s.canonical_reason()).unwrap_or("An answer").into();
        }
    }
    operation["responses"]["default"] = json!({
        "description": "A problem: not signed in (401), not allowed (403), not there (404), too much (413), too often (429), or a \
                        request that cannot be read (400, 415, 422).",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_names_its_path_its_answers_and_its_problems() {
        let document = openapi_json().unwrap();
        let mut operations = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                operations += 1;
                for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                    let known = operation["parameters"].as_array().unwrap();
                    let found = known.iter().filter(|p| p["in"] == "path" && p["name"] == name).count();
                    assert_eq!(found, 1, "{method} {path}: {name}");
                }
                let answers = operation["responses"].as_object().unwrap();
                assert!(answers.values().all(|a| !a["description"].as_str().unwrap().is_empty()), "{method} {path}");
                assert!(answers.contains_key("default") && answers.len() > 1, "{method} {path}");
            }
        }
        assert!(operations > 40, "{operations}");
    }
}
