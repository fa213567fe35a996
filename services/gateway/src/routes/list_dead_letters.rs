//! `GET /v1/ops/dead-letters`

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use common::types::Timestamp;
use futures::future::join_all;
use serde::Serialize;
use service_kit::{
    Answer, CallError, Operators, Page, Problem,
    letters::{Letter, Letters, list_path},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::table;
use crate::App;

/// Events that services could not apply.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetters {
    /// Of all services, the newest first.
    letters: Vec<DeadLetter>,
    /// Services that did not answer: theirs are missing.
    silent: Vec<&'static str>,
    /// Leads to the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A letter and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetter {
    /// `service:uuid`, by which it is redriven.
    id: String,
    /// The service that keeps it.
    service: &'static str,
    /// The letter.
    letter: Letter,
}

/// Lists events that could not be applied, of all services.
#[utoipa::path(
    get, path = "/v1/ops/dead-letters", operation_id = "list_dead_letters", tag = "ops", params(Page),
    responses((status = 200, body = DeadLetters), Problem),
)]
pub(super) async fn handle(State(app): State<App>, page: Page, request: Request) -> Response {
    let (parts, _body) = request.into_parts();
    let visitor = match app.enter(&table::OPS, &parts).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let answer = match visitor.must_be::<Operators>() {
        Ok(()) => list(&app, &page).await,
        Err(problem) => Err(problem),
    };
    let mut response = answer.into_response();
    visitor.pace.tell(response.headers_mut());
    response
}

async fn list(app: &App, page: &Page) -> Result<Answer<DeadLetters>, Problem> {
    let before: Option<(Timestamp, Uuid)> = page.after()?;
    let limit = u16::try_from(page.limit).unwrap_or(u16::MAX);
    let asked = app.neighbours().all().map(async |(service, client)| {
        (service, client.get(list_path(limit, before)).send::<Letters>().await)
    });

    let (mut letters, silent) = merged(join_all(asked).await);
    let more = letters.len() > limit.into();
    letters.truncate(limit.into());

    let last = letters.last().filter(|_| more || letters.len() == usize::from(limit));
    let last = last.map(|last| (last.letter.at, last.letter.id));
    let next_cursor = last.map(|last| page.cursor_for(&last)).transpose()?;
    let body = DeadLetters { letters, silent, next_cursor };
    let cursor = body.next_cursor.clone();
    Ok(Answer::ok(body).next(page, cursor.as_deref()))
}

type Told = (&'static str, Result<Letters, CallError>);

/// One list of all, the newest first, and those who did not tell.
fn merged(told: Vec<Told>) -> (Vec<DeadLetter>, Vec<&'static str>) {
    let (mut letters, mut silent) = (Vec::new(), Vec::new());
    for (service, told) in told {
        match told {
            Ok(told) => letters.extend(told.letters.into_iter().map(|letter| DeadLetter {
                id: format!("{service}:{}", letter.id),
                service,
                letter,
            })),
            Err(error) => {
                tracing::debug!(service, error = %error, "dead letters are missing");
                silent.push(service);
            }
        }
    }
    letters.sort_by_key(|it| std::cmp::Reverse((it.letter.at, it.letter.id)));
    (letters, silent)
}
