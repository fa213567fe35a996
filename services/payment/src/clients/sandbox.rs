//! The stand-in provider of the sandbox; a real one looks the same from `app`.

use common::types::Currency;
use futures::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};
use service_kit::{CallError, Client};
use uuid::Uuid;

use super::{NotDecided, PaymentProvider};
use crate::domain::{DeclineClass, Fact, Terms};

pub(super) struct Sandbox {
    client: Client,
}

#[derive(Serialize)]
struct Authorize<'a> {
    amount_minor: i64,
    currency: Currency,
    method: &'a str,
    reference: String,
}

#[derive(Serialize)]
struct Capture {
    amount_minor: i64,
}

#[derive(Serialize)]
struct VoidByKey<'a> {
    key: &'a str,
}

#[derive(Deserialize)]
struct Authorization {
    id: Uuid,
}

#[derive(Deserialize)]
struct Voided {
    state: String,
    authorization_id: Option<Uuid>,
}

#[derive(Deserialize)]
struct Operation {
    op: String,
    outcome: String,
    authorization_id: Option<Uuid>,
    decline_class: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    decline_class: Option<String>,
}

impl Sandbox {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl PaymentProvider for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn authorize<'a>(
        &'a self,
        key: &'a str,
        terms: &'a Terms,
    ) -> BoxFuture<'a, Result<Fact, NotDecided>> {
        let ask = Authorize {
            amount_minor: terms.amount_minor,
            currency: terms.currency,
            method: terms.method.as_str(),
            reference: terms.order.to_string(),
        };
        let call = self.client.post("/v1/authorizations").key(key).json(&ask);
        async move {
            match call.send::<Authorization>().await {
                Ok(authorization) => Ok(Fact::Authorized { reference: authorization.id }),
                Err(CallError::Refused { status: 402, body, .. }) => Ok(declined(&body)),
                Err(CallError::Refused { code, .. }) if code == "key-tombstoned" => {
                    Ok(Fact::Forbidden)
                }
                // The request itself is not acceptable, and never will be.
                Err(CallError::Refused { status: 422, .. }) => {
                    Ok(Fact::Declined { class: DeclineClass::DoNotRetry })
                }
                Err(error) => Err(NotDecided(error)),
            }
        }
        .boxed()
    }

    fn capture<'a>(
        &'a self,
        key: &'a str,
        reference: Uuid,
        amount_minor: i64,
    ) -> BoxFuture<'a, Result<Fact, NotDecided>> {
        let path = format!("/v1/authorizations/{reference}/captures");
        let call = self.client.post(path).key(key).json(&Capture { amount_minor });
        async move {
            match call.send_empty().await {
                Ok(()) => Ok(Fact::Captured),
                Err(CallError::Refused { code, .. }) if refuses_capture(&code) => {
                    Ok(Fact::CaptureRefused)
                }
                Err(error) => Err(NotDecided(error)),
            }
        }
        .boxed()
    }

    fn void<'a>(
        &'a self,
        key: &'a str,
        target: &'a str,
    ) -> BoxFuture<'a, Result<Fact, NotDecided>> {
        let call = self.client.post("/v1/voids-by-key").key(key).json(&VoidByKey { key: target });
        async move {
            let voided: Voided = call.send().await.map_err(NotDecided)?;
            Ok(match (voided.state.as_str(), voided.authorization_id) {
                ("voided", Some(reference)) => Fact::Released { reference },
                ("declined", _) => Fact::NothingHeld,
                _ => Fact::Forbidden,
            })
        }
        .boxed()
    }

    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Fact>, NotDecided>> {
        let call = self.client.get(format!("/v1/operations/by-key/{key}"));
        async move {
            match call.send::<Operation>().await {
                Ok(operation) => Ok(fact(&operation)),
                Err(CallError::Refused { code, .. }) if code == "unknown-key" => Ok(None),
                Err(error) => Err(NotDecided(error)),
            }
        }
        .boxed()
    }
}

fn fact(operation: &Operation) -> Option<Fact> {
    match (operation.op.as_str(), operation.outcome.as_str(), operation.authorization_id) {
        ("authorize", "ok", Some(reference)) => Some(Fact::Authorized { reference }),
        ("authorize", _, _) => {
            Some(Fact::Declined { class: class(operation.decline_class.as_deref()) })
        }
        ("capture", "ok", _) => Some(Fact::Captured),
        ("void", "ok", Some(reference)) => Some(Fact::Released { reference }),
        ("tombstone", _, _) => Some(Fact::Forbidden),
        _ => None,
    }
}

fn declined(body: &[u8]) -> Fact {
    let refused: Option<Refused> = serde_json::from_slice(body).ok();
    let named = refused.and_then(|refused| refused.decline_class);
    Fact::Declined { class: class(named.as_deref()) }
}

/// A refusal that says no more is worth another card.
fn class(name: Option<&str>) -> DeclineClass {
    name.and_then(DeclineClass::parse).unwrap_or(DeclineClass::OtherMethod)
}

fn refuses_capture(code: &str) -> bool {
    matches!(code, "exceeds-authorized" | "already-voided" | "unknown-authorization")
}
