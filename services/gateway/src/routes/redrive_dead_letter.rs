//! `POST /v1/ops/dead-letters/{dead_letter_id}/redrive`

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use common::types::Class;
use service_kit::{
    CallError, NoContent, Operators, Path, Problem,
    letters::{no_such_letter, redrive_path},
};
use uuid::Uuid;

use super::table;
use crate::App;

/// Asks for an event that could not be applied to be tried again, past all positions. Asking twice is
/// asking once.
#[utoipa::path(
    post, path = "/v1/ops/dead-letters/{dead_letter_id}/redrive", operation_id = "redrive_dead_letter",
    tag = "ops",
    params(("dead_letter_id" = String, Path, description = "`service:uuid`, as the list says it")),
    responses((status = 204), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, _body) = request.into_parts();
    let visitor = match app.enter(&table::OPS, &parts).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let answer = match visitor.must_be::<Operators>() {
        Ok(()) => redrive(&app, &id).await,
        Err(problem) => Err(problem),
    };
    if answer.is_ok() {
        let operator = visitor.principal().id;
        tracing::info!(dead_letter.id = id, operator.id = %operator, "a dead letter is redriven");
    }
    let mut response = answer.into_response();
    visitor.pace.tell(response.headers_mut());
    response
}

async fn redrive(app: &App, id: &str) -> Result<NoContent, Problem> {
    let (service, letter) = id.split_once(':').ok_or_else(no_such_letter)?;
    let letter = Uuid::parse_str(letter).map_err(|_| no_such_letter())?;
    let mut known = app.neighbours().all().into_iter();
    let (_, client) = known.find(|(name, _)| *name == service).ok_or_else(no_such_letter)?;
    match client.post(redrive_path(letter)).send_empty().await {
        Ok(()) => Ok(NoContent),
        Err(CallError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => {
            Err(no_such_letter())
        }
        Err(error) => {
            Err(Problem::new(Class::Unavailable, "upstream-unavailable").caused_by(error))
        }
    }
}
