//! What the gateway answers itself, and the door through which all else is passed on.

mod find_home;
mod find_order_xray;
mod forward;
mod list_dead_letters;
mod redrive_dead_letter;
mod reference;
pub(crate) mod table;
mod track_order;

use axum::{Router, http::HeaderValue, routing::get};
use common::types::Fault;
use service_kit::{CallError, OpenApiRouter, Plan, body_limit};
use utoipa_axum::routes;

use crate::App;

/// The operations that no service has.
#[must_use]
pub fn own() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(track_order::handle))
        .routes(routes!(find_home::handle))
        .routes(routes!(find_order_xray::handle))
        .routes(routes!(list_dead_letters::handle))
        .routes(routes!(redrive_dead_letter::handle))
}

/// Of what is put together for one person.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Why a neighbour did not tell what it was asked, in the words of `docs/problems`.
fn why(error: CallError) -> String {
    match error {
        CallError::Refused { code, .. } if !code.is_empty() => code,
        error => error.code().to_owned(),
    }
}

/// How much a request matters, and to which service it goes.
#[must_use]
pub fn plan() -> Plan {
    table::plan()
}

/// Everything that can be asked from outside.
///
/// # Errors
/// A committed document that cannot be read.
pub fn router() -> anyhow::Result<Router<App>> {
    let document = reference::document()?;
    Ok(Router::from(own())
        .route("/v1/openapi.json", get(move || async move { document.clone() }))
        .route("/docs", get(reference::page))
        .route("/docs/start.js", get(reference::start))
        .route("/docs/scalar-1.46.4.js", get(reference::script))
        .fallback(forward::handle)
        .layer(body_limit(table::BIG_BODY_MAX)))
}
