//! The HTTP face of the mailbox.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::server::json;

use super::{Letter, Mailbox, page};

const PAGE_MAX: usize = 1000;
const SHOWN: usize = 50;

pub(super) fn router(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/", get(show))
        .route("/messages", get(messages))
        .route("/count", get(count))
        .route("/livez", get(async || "ok\n"))
        .with_state(mailbox)
}

#[derive(Deserialize)]
struct Filter {
    to: Option<String>,
    #[serde(default)]
    after: usize,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Messages {
    messages: Vec<Letter>,
    /// Where the next page begins: pass it as `after`.
    next_after: usize,
}

#[derive(Serialize)]
struct Count {
    count: usize,
}

async fn messages(State(mailbox): State<Mailbox>, Query(filter): Query<Filter>) -> Response {
    let limit = filter.limit.unwrap_or(100).min(PAGE_MAX);
    let (mut messages, mut next_after) = (Vec::new(), filter.after);
    for envelope in mailbox.envelopes().iter().skip(filter.after) {
        if messages.len() == limit {
            break;
        }
        next_after += 1;
        if filter.to.as_ref().is_none_or(|to| envelope.is_for(to)) {
            messages.push(Letter::from(&**envelope));
        }
    }
    json(StatusCode::OK, &Messages { messages, next_after })
}

async fn count(State(mailbox): State<Mailbox>, Query(filter): Query<Filter>) -> Response {
    let envelopes = mailbox.envelopes();
    let mine = |to: &String| envelopes.iter().filter(|envelope| envelope.is_for(to)).count();
    let count = filter.to.as_ref().map_or(envelopes.len(), mine);
    json(StatusCode::OK, &Count { count })
}

async fn show(State(mailbox): State<Mailbox>) -> Response {
    let envelopes = mailbox.envelopes();
    let latest = envelopes.iter().rev().take(SHOWN).map(|envelope| Letter::from(&**envelope));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page::render(envelopes.len(), latest)).into_response()
}
