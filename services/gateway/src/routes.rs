//! What the gateway answers itself, and the door through which all else is passed on.

mod forward;
mod reference;
pub(crate) mod table;
mod track_order;

use axum::{Router, routing::get};
use service_kit::{OpenApiRouter, body_limit};
use utoipa_axum::routes;

use crate::App;

/// The operations that no service has.
#[must_use]
pub fn own() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(track_order::handle))
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
