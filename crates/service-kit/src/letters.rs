//! Dead letters, as every service that hears events shows them to operators.
//!
//! Two routes for services, the same everywhere and therefore in nobody's document:
//! `GET /v1/internal/dead-letters` and `POST /v1/internal/dead-letters/{id}/redrive`. Where the letters lie
//! is not known here: a service hands in how they are listed and redriven.

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use common::types::{Class, Fault, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Answer, Caller, NoContent, Path, Problem, Query, Services};

/// The most letters that are listed at once.
pub const LETTERS_MAX: u16 = 100;

/// An event that could not be applied. Its content and the words of the fault stay in the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Letter {
    /// The letter.
    pub id: Uuid,
    /// Who could not apply it.
    pub consumer: String,
    /// Who told it.
    pub source: String,
    /// What it is about.
    pub key: String,
    /// Its place in the history of source and key.
    pub seq: i64,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The event.
    pub event_id: Uuid,
    /// The code of the last fault.
    pub code: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was put there.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// When an operator last asked to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub redriven_at: Option<Timestamp>,
}

/// Letters, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letters<L = Letter> {
    /// The letters.
    pub letters: Vec<L>,
}

/// Which letters: so many, those before a moment and, within it, before an id.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    limit: u16,
    at: Option<Timestamp>,
    id: Option<Uuid>,
}

/// The path that lists so many letters older than `before`.
#[must_use]
pub fn list_path(limit: u16, before: Option<(Timestamp, Uuid)>) -> String {
    let place = before.map(|(at, id)| format!("&at={at}&id={id}")).unwrap_or_default();
    format!("/v1/internal/dead-letters?limit={limit}{place}")
}

/// The path that asks for a letter to be tried again.
#[must_use]
pub fn redrive_path(letter: Uuid) -> String {
    format!("/v1/internal/dead-letters/{letter}/redrive")
}

/// The two routes. `list` takes how many and the last letter of the page before, `redrive` says whether the
/// letter was open.
pub(crate) fn routes<L, E, List, Redrive>(
    list: impl Fn(u16, Option<(Timestamp, Uuid)>) -> List + Send + Sync + 'static,
    redrive: impl Fn(Uuid) -> Redrive + Send + Sync + 'static,
) -> Router
where
    L: Serialize + Send + 'static,
    E: Fault,
    List: Future<Output = Result<Vec<L>, E>> + Send + 'static,
    Redrive: Future<Output = Result<bool, E>> + Send + 'static,
{
    let (list, redrive) = (Arc::new(list), Arc::new(redrive));
    let list = async move |_: Caller<Services>, Query(asked): Query<Asked>| {
        let before = asked.at.zip(asked.id);
        let letters = list(asked.limit.clamp(1, LETTERS_MAX), before).await?;
        Ok::<_, Problem>(Answer::ok(Letters { letters }))
    };
    let redrive = async move |_: Caller<Services>, Path(letter): Path<Uuid>| {
        if redrive(letter).await? { Ok(NoContent) } else { Err(no_such_letter()) }
    };
    Router::new()
        .route("/v1/internal/dead-letters", get(list))
        .route("/v1/internal/dead-letters/{id}/redrive", post(redrive))
}

/// 404 `no-such-letter`
#[must_use]
pub fn no_such_letter() -> Problem {
    Problem::new(Class::Missing, "no-such-letter").saying("there is no such open dead letter")
}
