//! The HTTP face of the provider.

use std::time::Duration;

use axum::Router;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::server::{ReplyLost, json};

use super::book::{Act, Command, Operation, Outcome, Refusal, Window};
use super::faults::Faults;
use super::{ExecuteError, Provider, methods, settlement, wire};

const BODY_MAX_BYTES: usize = 16 * 1024;
const KEY_MAX_BYTES: usize = 128;
const TEXT_MAX_BYTES: usize = 128;
const PAGE_MAX: usize = 1000;

pub(super) fn router(provider: Provider) -> Router {
    Router::new()
        .route("/v1/authorizations", post(authorize))
        .route("/v1/authorizations/{id}/captures", post(capture))
        .route("/v1/authorizations/{id}/refunds", post(refund))
        .route("/v1/authorizations/{id}/voids", post(void))
        .route("/v1/authorizations/{id}/expirations", post(expire))
        .route("/v1/authorizations/by-key/{key}", get(authorization_by_key))
        .route("/v1/voids-by-key", post(void_by_key))
        .route("/v1/operations", get(operations))
        .route("/v1/operations/by-key/{key}", get(operation_by_key))
        .route("/v1/settlements/{day}", get(settlement_of))
        .route("/v1/faults", get(show_faults).put(set_faults))
        .route("/livez", get(async || "ok\n"))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(provider)
}

type Body = Result<Bytes, BytesRejection>;
type Answer = Result<Response, Denied>;

/// An answer that is no success.
struct Denied {
    status: StatusCode,
    body: wire::Refused,
}

async fn authorize(State(provider): State<Provider>, headers: HeaderMap, body: Body) -> Answer {
    let (key, body) = (key(&headers)?, body.map_err(too_large)?);
    let ask: wire::Authorize = decode(&body)?;
    positive(ask.amount_minor)?;
    short(&ask.reference, "reference")?;
    let declined = if provider.faults().declines(&ask.method, &ask.reference) {
        Some("other-method")
    } else {
        methods::decline_class(&ask.method)
    };
    let act = Act::Authorize {
        amount_minor: ask.amount_minor,
        currency: ask.currency,
        reference: ask.reference,
        decline_class: declined.map(str::to_owned),
    };
    let command = Command { key, fingerprint: fingerprint("authorize", &body), act };
    perform(&provider, command, Some(&ask.method), in_full).await
}

async fn capture(
    State(provider): State<Provider>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let (key, body) = (key(&headers)?, body.map_err(too_large)?);
    let ask: wire::Capture = decode(&body)?;
    positive(ask.amount_minor)?;
    let wire::Capture { amount_minor, part, more } = ask;
    let act = Act::Capture { authorization_id: id, amount_minor, part, more };
    let fingerprint = fingerprint(&format!("capture {id}"), &body);
    perform(&provider, Command { key, fingerprint, act }, None, in_full).await
}

async fn void(
    State(provider): State<Provider>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Answer {
    let command = Command {
        key: key(&headers)?,
        fingerprint: fingerprint(&format!("void {id}"), b""),
        act: Act::Void { authorization_id: id },
    };
    perform(&provider, command, None, in_full).await
}

async fn refund(
    State(provider): State<Provider>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let (key, body) = (key(&headers)?, body.map_err(too_large)?);
    let ask: wire::Refund = decode(&body)?;
    positive(ask.amount_minor)?;
    let reference = provider.book().reference_of(id).unwrap_or_default().to_owned();
    let declined = provider.faults().declines("", &reference);
    let act = Act::Refund { authorization_id: id, amount_minor: ask.amount_minor, declined };
    let fingerprint = fingerprint(&format!("refund {id}"), &body);
    perform(&provider, Command { key, fingerprint, act }, None, in_full).await
}

/// The hand of time: an authorization lives until somebody says that its days are over.
async fn expire(
    State(provider): State<Provider>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Answer {
    let command = Command {
        key: key(&headers)?,
        fingerprint: fingerprint(&format!("expire {id}"), b""),
        act: Act::Expire { authorization_id: id },
    };
    perform(&provider, command, None, in_full).await
}

async fn void_by_key(State(provider): State<Provider>, headers: HeaderMap, body: Body) -> Answer {
    let ask: wire::AskVoidByKey = decode(&body.map_err(too_large)?)?;
    short(&ask.key, "key")?;
    let key = if headers.contains_key("idempotency-key") {
        key(&headers)?
    } else {
        format!("void:{}", ask.key)
    };
    let command = Command {
        key,
        fingerprint: fingerprint("void-by-key", ask.key.as_bytes()),
        act: Act::VoidByKey { target_key: ask.key.clone() },
    };
    perform(&provider, command, None, |operation| {
        let body = wire::VoidByKey {
            key: ask.key.clone(),
            state: operation.state,
            authorization_id: operation.authorization_id,
            captured_minor: operation.captured_minor,
        };
        json(StatusCode::OK, &body)
    })
    .await
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    after: usize,
    limit: Option<usize>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

async fn operations(State(provider): State<Provider>, Query(page): Query<Page>) -> Answer {
    let limit = page.limit.unwrap_or(100).min(PAGE_MAX);
    let window = Window { from: page.from, to: page.to };
    let found: Vec<(usize, Operation)> = {
        let book = provider.book();
        let found = book.list(page.after, limit, &window);
        found.map(|(number, operation)| (number, operation.clone())).collect()
    };
    provider.settled().await.map_err(|error| stopped(&error))?;
    let next_after = found.last().map_or(page.after, |(number, _)| *number);
    let more = limit > 0 && found.len() == limit;
    let operations = found.into_iter().map(|(_, operation)| operation).collect();
    Ok(json(StatusCode::OK, &wire::Operations { operations, next_after, more }))
}

/// How an authorization stands now, whatever was done to it.
async fn authorization_by_key(State(provider): State<Provider>, Path(key): Path<String>) -> Answer {
    let found = {
        let book = provider.book();
        book.authorization_of(&key).map(|(id, authorization)| wire::Authorization {
            id,
            state: authorization.state,
            amount_minor: authorization.authorized_minor,
            captured_minor: authorization.captured_minor,
            refunded_minor: authorization.refunded_minor,
            currency: authorization.currency,
            reference: authorization.reference.clone(),
            key: key.clone(),
        })
    };
    let found = found.ok_or_else(|| {
        denied(StatusCode::NOT_FOUND, "unknown-key", "no authorization has this key")
    })?;
    provider.settled().await.map_err(|error| stopped(&error))?;
    Ok(json(StatusCode::OK, &found))
}

async fn operation_by_key(State(provider): State<Provider>, Path(key): Path<String>) -> Answer {
    let found = provider.book().by_key(&key).cloned();
    let operation = found
        .ok_or_else(|| denied(StatusCode::NOT_FOUND, "unknown-key", "no operation has this key"))?;
    // What is not yet on the disk has not happened: nobody may build on it.
    provider.settled().await.map_err(|error| stopped(&error))?;
    Ok(json(StatusCode::OK, &operation))
}

async fn settlement_of(
    State(provider): State<Provider>,
    Path(day): Path<Date>,
    headers: HeaderMap,
) -> Answer {
    let file = provider.file_of(day).ok_or_else(|| {
        denied(StatusCode::NOT_FOUND, "no-such-settlement", "the day is not over")
    })?;
    provider.settled().await.map_err(|error| stopped(&error))?;
    let kind = [("content-type", "application/x-ndjson")];
    let Some(asked) = headers.get("range").and_then(|value| value.to_str().ok()) else {
        return Ok((kind, file).into_response());
    };
    let length = file.len();
    let Some((first, last)) = settlement::range(asked, length) else {
        let message = "there are no such bytes";
        return Err(denied(StatusCode::RANGE_NOT_SATISFIABLE, "no-such-range", message));
    };
    let range = [("content-range", format!("bytes {first}-{last}/{length}"))];
    Ok((StatusCode::PARTIAL_CONTENT, kind, range, file.slice(first..=last)).into_response())
}

async fn show_faults(State(provider): State<Provider>) -> Response {
    json(StatusCode::OK, &*provider.faults())
}

async fn set_faults(State(provider): State<Provider>, body: Body) -> Answer {
    let faults: Faults = decode(&body.map_err(too_large)?)?;
    faults.check().map_err(|field| unprocessable(&format!("{field} lies outside 0..=1")))?;
    tracing::info!(faults = ?faults, "the faults are set");
    *provider.faults() = faults.clone();
    Ok(json(StatusCode::OK, &faults))
}

/// Does the work between the faults that come before it and those that come after.
async fn perform(
    provider: &Provider,
    command: Command,
    method: Option<&str>,
    say: impl FnOnce(&Operation) -> Response,
) -> Answer {
    let faults = provider.faults().clone();
    if provider.happens(faults.fail_before) {
        return Err(denied(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "nothing was done"));
    }
    let executed = match provider.execute(command).await {
        Ok(executed) => executed,
        Err(ExecuteError::Refused(refusal)) => return Err(refusal.into()),
        Err(ExecuteError::Journal(error)) => return Err(stopped(&error)),
    };

    let slow = if method == Some(methods::SLOW) { provider.slow() } else { Duration::ZERO };
    let delay = slow + Duration::from_millis(faults.delay_ms);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let lost = method == Some(methods::REPLY_LOST) && !executed.replayed;
    let mut response = if provider.happens(faults.fail_after) {
        broken().into_response()
    } else {
        say(&executed.operation)
    };
    if lost || provider.happens(faults.lose_reply) {
        response.extensions_mut().insert(ReplyLost);
    }
    if executed.replayed {
        response
            .headers_mut()
            .insert("idempotent-replayed", axum::http::HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn in_full(operation: &Operation) -> Response {
    if operation.outcome == Outcome::Declined {
        let declined = denied(StatusCode::PAYMENT_REQUIRED, "declined", "the payment was declined");
        let decline_class = operation.decline_class.clone();
        let body = wire::Refused { decline_class, ..declined.body };
        return Denied { body, ..declined }.into_response();
    }
    let (Some(id), Some(currency)) = (operation.authorization_id, operation.currency) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let body = wire::Authorization {
        id,
        state: operation.state,
        amount_minor: operation.amount_minor,
        captured_minor: operation.captured_minor,
        refunded_minor: operation.refunded_minor,
        currency,
        reference: operation.reference.clone(),
        key: operation.key.clone(),
    };
    json(StatusCode::CREATED, &body)
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Denied> {
    serde_json::from_slice(body).map_err(|error| {
        // A wrong value would be quoted in the error, and it may be a payment token.
        let message = format!("the body cannot be read at column {}", error.column());
        denied(StatusCode::BAD_REQUEST, "bad-body", &message)
    })
}

fn key(headers: &HeaderMap) -> Result<String, Denied> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    match key {
        Some(key) if (1..=KEY_MAX_BYTES).contains(&key.len()) => Ok(key.to_owned()),
        _ => {
            let message = "an Idempotency-Key of 1 to 128 characters is needed";
            Err(denied(StatusCode::BAD_REQUEST, "bad-key", message))
        }
    }
}

fn positive(amount_minor: i64) -> Result<(), Denied> {
    if amount_minor > 0 { Ok(()) } else { Err(unprocessable("the amount must be more than 0")) }
}

fn short(text: &str, name: &str) -> Result<(), Denied> {
    if (1..=TEXT_MAX_BYTES).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(unprocessable(&format!("{name} must be 1 to {TEXT_MAX_BYTES} printable bytes")))
    }
}

fn unprocessable(message: &str) -> Denied {
    denied(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn too_large(rejection: BytesRejection) -> Denied {
    denied(rejection.status(), "bad-body", "the body is too large or broke off")
}

fn stopped(error: &crate::journal::JournalError) -> Denied {
    tracing::error!(error = %error, "an operation was not acknowledged");
    broken()
}

fn broken() -> Denied {
    denied(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong")
}

fn denied(status: StatusCode, code: &str, message: &str) -> Denied {
    let (code, message) = (code.to_owned(), message.to_owned());
    Denied { status, body: wire::Refused { code, message, decline_class: None } }
}

fn fingerprint(what: &str, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(what).chain_update([0]).chain_update(body).finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        json(self.status, &self.body)
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::UnknownAuthorization => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        };
        denied(status, refusal.code(), &refusal.to_string())
    }
}
