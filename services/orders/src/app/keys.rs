//! Idempotency keys of steps that people take on orders: the first answer stands.

use axum::http::StatusCode;
use common::types::{Class, Fault, OrderId};
use postgres_kit::{PgConnection, StoreError};
use service_kit::{Key, Stored};

use crate::{
    domain::Order,
    store::{
        self,
        answers::{Claim, Scope},
    },
    wire,
};

/// Why a key did not let a request in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("the key was used for another request")]
    Reused,
    #[error("a request with this key is still being worked on")]
    InUse,
    #[error("the answer could not be written")]
    Answer,
    #[error("the key could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for KeyError {
    fn class(&self) -> Class {
        match self {
            Self::Reused => Class::Invalid,
            Self::InUse => Class::Conflict,
            Self::Answer => Class::Broken,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Reused => "key-reused",
            Self::InUse => "key-in-use",
            Self::Answer => "unwritable-answer",
            Self::Store(error) => error.code(),
        }
    }
}

/// Claims a key before the order is looked at, so that a twin waits here. `Some`: it was used before, and
/// this is what was said then. The answer is filled in by the same transaction.
pub(super) async fn claim(
    tx: &mut PgConnection,
    scope: Scope<'_>,
    key: &Key,
    order: OrderId,
) -> Result<Option<Result<Stored, KeyError>>, KeyError> {
    let unknown = Stored { status: 202, body: Vec::new(), location: None, replayed: false };
    match store::answers::claim(tx, scope, key, order, &unknown).await {
        Ok(Claim::First) => Ok(None),
        Ok(Claim::Again(stored)) => Ok(Some(Ok(stored))),
        Ok(Claim::Reused) => Ok(Some(Err(KeyError::Reused))),
        Err(error) if store::is_held(&error) => Ok(Some(Err(KeyError::InUse))),
        Err(error) => Err(error.into()),
    }
}

/// 202: the step is taken, and the rest follows in the background.
pub(super) fn accepted(order: &Order) -> Result<Stored, KeyError> {
    let location = Some(format!("/v1/orders/{}", order.id));
    Stored::first(StatusCode::ACCEPTED, &wire::order(order), location).map_err(|_| KeyError::Answer)
}
