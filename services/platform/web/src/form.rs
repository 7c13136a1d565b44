//! Bodies: forms with their proof, uploads, JSON.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::actor::Actor;
use crate::csrf;
use crate::problem::Problem;

/// Parts of an upload at most.
const PARTS_MAX: usize = 40;
/// A text field of an upload, bytes at most.
const FIELD_BYTES_MAX: usize = 200_000;

/// An urlencoded form of one of our pages.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let actor = request.extensions().get::<Actor>().cloned();
        let axum::extract::RawForm(bytes) =
            axum::extract::RawForm::from_request(request, state).await.map_err(|e| match e.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("the form is larger than this address takes"),
                StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                    Problem::unsupported("send a form as application/x-www-form-urlencoded")
                }
                _ => Problem::bad_request(format!("not a form: {}", e.body_text())),
            })?;
        let (mut proof, mut rest) = (None, Vec::new());
        for (key, value) in form_urlencoded::parse(&bytes) {
            if key == csrf::FIELD {
                proof = Some(value.into_owned());
            } else {
                rest.push((key.into_owned(), value.into_owned()));
            }
        }
        csrf::check(actor.as_ref(), proof.as_deref())?;
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
        serde_html_form::from_str(&text).map(Form).map_err(|e| Problem::bad_request(format!("form: {e}")).code("form"))
    }
}

/// A file of an upload.
#[derive(Clone, Debug)]
pub struct UploadedFile {
    /// The field it was sent as.
    pub field: String,
    /// Its name as the sender had it; never used as a path.
    pub name: String,
    /// The type its sender gave it.
    pub content_type: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A multipart form of one of our pages.
#[derive(Clone, Debug, Default)]
pub struct Upload {
    /// Text fields.
    pub fields: BTreeMap<String, String>,
    /// Files, empty ones left out.
    pub files: Vec<UploadedFile>,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let actor = request.extensions().get::<Actor>().cloned();
        let mut parts = Multipart::from_request(request, state)
            .await
            .map_err(|e| Problem::bad_request(format!("not a multipart form: {e}")))?;
        let mut upload = Self::default();
        let read = |e: axum::extract::multipart::MultipartError| {
            if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::too_large("the upload is larger than this address takes")
            } else {
                Problem::bad_request(format!("the upload broke off or is damaged: {}", e.body_text()))
            }
        };
        let mut count = 0;
        while let Some(part) = parts.next_field().await.map_err(read)? {
            count += 1;
            if count > PARTS_MAX {
                return Err(Problem::too_large(format!("more than {PARTS_MAX} parts in one upload")));
            }
            let field = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(ToOwned::to_owned);
            let content_type = part.content_type().map(ToOwned::to_owned);
            let bytes = part.bytes().await.map_err(read)?;
            match file_name {
                Some(name) if !bytes.is_empty() => {
                    upload.files.push(UploadedFile { field, name, content_type, bytes });
                }
                Some(_) => {}
                None if bytes.len() > FIELD_BYTES_MAX => {
                    return Err(Problem::too_large(format!("field {field} is longer than {FIELD_BYTES_MAX} bytes")));
                }
                None => {
                    let text = String::from_utf8(bytes.to_vec())
                        .map_err(|_| Problem::bad_request(format!("field {field} is not UTF-8")))?;
                    upload.fields.insert(field, text);
                }
            }
        }
        csrf::check(actor.as_ref(), upload.fields.get(csrf::FIELD).map(String::as_str))?;
        Ok(upload)
    }
}

/// JSON in and out. In: errors name line, column and what was wrong. A signed-in browser must have sent it from our pages
/// (the shell checks where it comes from), since a plain form cannot send this content type.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let content_type =
            request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !(essence == "application/json" || essence.ends_with("+json")) {
            return Err(Problem::unsupported(format!("send application/json, not '{content_type}'")));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|e| {
            if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::too_large("the body is larger than this address takes")
            } else {
                Problem::bad_request(format!("the body cannot be read: {}", e.body_text()))
            }
        })?;
        read(&bytes).map(Json)
    }
}

/// Reads JSON; what is wrong is told with its place in the text and in the structure.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bad = |path: &str, e: &serde_json::Error| {
        let place = if path == "." { String::new() } else { format!(" at {path}") };
        let problem = Problem::bad_request(format!("JSON{place}: {e}")).code("json");
        problem.with("path", path).with("line", e.line()).with("column", e.column())
    };
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut text).map_err(|e| bad(&e.path().to_string(), e.inner()))?;
    text.end().map_err(|e| bad(".", &e))?;
    Ok(value)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(e) => Problem::internal(e).into_response(),
        }
    }
}
