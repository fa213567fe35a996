//! A JSON body of a known shape.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use bytes::Bytes;
use common::types::Class;
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use super::strict::Tree;
use crate::{Problem, stack::BodyError};

/// A JSON body of shape `T`. A key of idempotency is not asked for: see [`Keyed`](crate::Keyed).
///
/// 415 `unsupported-media-type`, 413 `body-too-large`, 408 `body-too-slow`, 400 `malformed-json`,
/// 422 `unknown-field` or `invalid-body` with a pointer: no key is there twice, and a struct is an object,
/// never an array. Nothing of serde's words leaves.
#[derive(Debug, Clone)]
pub struct ValidJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ValidJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        must_be_json(request.headers())?;
        let bytes = read(request.into_body()).await?;
        parse(&bytes).map(Self)
    }
}

pub(super) fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind).trim().to_ascii_lowercase();
    let subtype = kind.strip_prefix("application/").unwrap_or_default();
    if subtype == "json" || subtype.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::new(Class::Malformed, "unsupported-media-type")
        .status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .saying("the body must be application/json"))
}

/// The whole body, as far as the route's limit allows.
pub(super) async fn read(body: Body) -> Result<Bytes, Problem> {
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(unreadable(error)),
    }
}

fn unreadable(error: axum::Error) -> Problem {
    match BodyError::behind(&error) {
        Some(known) => Problem::from(known),
        None => Problem::new(Class::Malformed, "unreadable-body").caused_by(error),
    }
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let tree: Tree =
        serde_path_to_error::deserialize(&mut json).map_err(|error| no_tree(&error, bytes))?;
    json.end().map_err(|error| malformed(error.line(), error.column()))?;
    serde_path_to_error::deserialize(tree)
        .map_err(|error| refused(error.path(), &error.inner().to_string()))
}

fn malformed(line: usize, column: usize) -> Problem {
    Problem::new(Class::Malformed, "malformed-json")
        .saying(format!("the body stops being JSON at line {line}, column {column}"))
}

fn no_tree(error: &serde_path_to_error::Error<serde_json::Error>, bytes: &[u8]) -> Problem {
    let (path, error) = (error.path(), error.inner());
    if !error.is_data() {
        return malformed(error.line(), error.column());
    }
    // What is wrong may come before what is not JSON at all; the latter is said first.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return malformed(error.line(), error.column());
    }
    refused(path, &error.to_string())
}

fn refused(path: &Path, words: &str) -> Problem {
    if let Some(field) = named(words, "unknown field `") {
        return Problem::new(Class::Invalid, "unknown-field")
            .saying("the body has a field that is not known here")
            .pointing(with_last(path, field), "this field is not known");
    }
    let problem = Problem::new(Class::Invalid, "invalid-body")
        .saying("the body is JSON, but not what is asked for here");
    if let Some(field) = named(words, "missing field `") {
        return problem.pointing(with_last(path, field), "this field is missing");
    }
    if let Some(field) = named(words, "duplicate field `") {
        return problem.pointing(with_last(path, field), "this field is there twice");
    }
    problem.pointing(pointer(path), "this value is not allowed")
}

/// The field's name in serde's words, which are otherwise kept to ourselves.
fn named<'a>(words: &'a str, start: &str) -> Option<&'a str> {
    let (field, _) = words.strip_prefix(start)?.split_once('`')?;
    Some(field)
}

fn pointer(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Map { key } => push(&mut text, key),
            Segment::Seq { index } => push(&mut text, &index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

/// The pointer to `field`, whether or not serde already counted it into the path.
fn with_last(path: &Path, field: &str) -> String {
    let mut text = pointer(path);
    let mut last = String::new();
    push(&mut last, field);
    if !text.ends_with(&last) {
        text.push_str(&last);
    }
    text
}

fn push(text: &mut String, key: &str) {
    text.push('/');
    text.push_str(&key.replace('~', "~0").replace('/', "~1"));
}
