//! Typed parts of the address.

use axum::{extract::FromRequestParts, http::request::Parts};
use common::types::Class;
use serde::de::DeserializeOwned;

use crate::Problem;

/// Typed path parameters. What cannot be read names nothing: 404 `no-such-page`.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

/// A typed query. 400 `invalid-query`.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|error| Problem::new(Class::Missing, "no-such-page").caused_by(error))
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| {
                Problem::new(Class::Malformed, "invalid-query")
                    .saying("the query has a parameter that is not allowed, or lacks one")
                    .caused_by(error)
            })
    }
}
