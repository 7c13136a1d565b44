//! `/docs`: the OpenAPI document for people, with who may call what.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use crate::routes::{RouteSpec, Who};

struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    who: String,
    parameters: String,
    body: String,
    answers: String,
}

struct Group {
    tag: String,
    operations: Vec<Operation>,
}

/// The body of the page.
#[derive(Template)]
#[template(path = "docs.html")]
pub(crate) struct Docs {
    version: String,
    groups: Vec<Group>,
}

impl Docs {
    pub(crate) fn new(document: &Value, table: &[RouteSpec]) -> Self {
        let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
                groups.entry(tag).or_default().push(describe(path, method, operation, table));
            }
        }
        let groups = groups.into_iter().map(|(tag, operations)| Group { tag, operations }).collect();
        Self { version: text(&document["openapi"]), groups }
    }
}

fn describe(path: &str, method: &str, operation: &Value, table: &[RouteSpec]) -> Operation {
    let who = table.iter().find(|spec| spec.path == path && spec.method.as_str().eq_ignore_ascii_case(method));
    let parameters: Vec<String> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| format!("{} ({})", text(&p["name"]), text(&p["in"])))
        .collect();
    let body: Vec<&str> =
        operation["requestBody"]["content"].as_object().into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
    let answers: Vec<String> = operation["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(status, answer)| format!("{status} {}", text(&answer["description"])).trim().to_owned())
        .collect();
    Operation {
        anchor: format!("{method}{}", path.replace(['/', '{', '}'], "-")),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        who: match who.map(|spec| spec.who) {
            Some(Who::Anyone) => "anyone".to_owned(),
            Some(Who::SignedIn) => "anyone signed in".to_owned(),
            Some(Who::May(permission)) => permission.to_string(),
            None => "not served by this process".to_owned(),
        },
        parameters: parameters.join(", "),
        body: body.join(", "),
        answers: answers.join("; "),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
