//! The stand-in provider of the sandbox; a real one looks the same from `app`.

use common::types::{Currency, Timestamp};
use futures::{FutureExt, future::BoxFuture};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use service_kit::{CallError, Client};
use uuid::Uuid;

use self::wire::{Authorization, Page, Webhook};
use super::{
    NotDecided, PaymentProvider,
    provider::{Listed, Piece, Window},
    webhook::{Notice, Signed, WebhookError, WebhookSecret},
};
use crate::domain::{DeclineClass, Fact, Operation, Taking, Terms};

mod settlement;
mod wire;

const PAGE_MAX: usize = 500;
/// Of a daily file, at once. The files of tests are small.
const PIECE_BYTES: u64 = if cfg!(test) { 512 } else { 256 * 1024 };

pub(super) struct Sandbox {
    client: Client,
    secret: Option<WebhookSecret>,
}

#[derive(Serialize)]
struct Authorize<'a> {
    amount_minor: i64,
    currency: Currency,
    method: &'a str,
    reference: String,
}

#[derive(Serialize)]
struct Amount {
    amount_minor: i64,
}

#[derive(Serialize)]
struct Capture {
    amount_minor: i64,
    part: usize,
    more: bool,
}

#[derive(Serialize)]
struct VoidByKey<'a> {
    key: &'a str,
}

#[derive(Deserialize)]
struct Voided {
    state: String,
    authorization_id: Option<Uuid>,
    #[serde(default)]
    captured_minor: i64,
}

#[derive(Deserialize)]
struct Refused {
    decline_class: Option<String>,
}

impl Sandbox {
    pub(super) const fn new(client: Client, secret: Option<WebhookSecret>) -> Self {
        Self { client, secret }
    }

    /// What was taken of an authorization that cannot be voided any more.
    async fn taken(&self, target: &str) -> Result<Fact, NotDecided> {
        let call = self.client.get(format!("/v1/authorizations/by-key/{target}"));
        let found: Authorization = call.send().await.map_err(NotDecided)?;
        let Authorization { id, captured_minor } = found;
        Ok(Fact::AlreadyTaken { reference: id, captured_minor })
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
        taking: Taking,
    ) -> BoxFuture<'a, Result<Fact, NotDecided>> {
        let path = format!("/v1/authorizations/{reference}/captures");
        let Taking { amount_minor, part, more } = taking;
        let call = self.client.post(path).key(key).json(&Capture { amount_minor, part, more });
        async move {
            match call.send_empty().await {
                Ok(()) => Ok(Fact::Captured),
                Err(CallError::Refused { code, .. }) if code == "authorization-expired" => {
                    Ok(Fact::Expired)
                }
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
            let voided: Voided = match call.send().await {
                Ok(voided) => voided,
                Err(CallError::Refused { code, .. }) if code == "already-captured" => {
                    return self.taken(target).await;
                }
                Err(error) => return Err(NotDecided(error)),
            };
            Ok(match (voided.state.as_str(), voided.authorization_id) {
                ("voided", Some(reference)) => released(reference, voided.captured_minor),
                ("declined", _) => Fact::NothingHeld,
                ("expired", _) => Fact::Expired,
                _ => Fact::Forbidden,
            })
        }
        .boxed()
    }

    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Fact>, NotDecided>> {
        let call = self.client.get(format!("/v1/operations/by-key/{key}"));
        async move {
            match call.send::<wire::Operation>().await {
                Ok(operation) => Ok(operation.fact()),
                Err(CallError::Refused { code, .. }) if code == "unknown-key" => Ok(None),
                Err(error) => Err(NotDecided(error)),
            }
        }
        .boxed()
    }

    fn refund<'a>(
        &'a self,
        key: &'a str,
        reference: Uuid,
        amount_minor: i64,
    ) -> BoxFuture<'a, Result<Fact, NotDecided>> {
        let path = format!("/v1/authorizations/{reference}/refunds");
        let call = self.client.post(path).key(key).json(&Amount { amount_minor });
        async move {
            match call.send_empty().await {
                Ok(()) => Ok(Fact::Refunded),
                Err(CallError::Refused { code, .. }) if refuses_refund(&code) => {
                    Ok(Fact::RefundRefused)
                }
                Err(error) => Err(NotDecided(error)),
            }
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        window: Window,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listed, NotDecided>> {
        let (Window { from, to }, after) = (window, after.unwrap_or("0"));
        let path = format!("/v1/operations?from={from}&to={to}&after={after}&limit={PAGE_MAX}");
        let call = self.client.get(path);
        async move {
            let page: Page = call.send().await.map_err(NotDecided)?;
            let next = page.more.then(|| page.next_after.to_string());
            let operations = page.operations.iter().filter_map(wire::Operation::read).collect();
            Ok(Listed { operations, next })
        }
        .boxed()
    }

    fn settlement(&self, day: Date, from: u64) -> BoxFuture<'_, Result<Option<Piece>, NotDecided>> {
        let range = format!("bytes={from}-{}", from + PIECE_BYTES - 1);
        let call = self.client.get(format!("/v1/settlements/{day}")).header("range", &range);
        async move {
            let reply = match call.reply().await {
                Ok(reply) => reply,
                Err(CallError::Refused { code, .. }) if code == "no-such-settlement" => {
                    return Ok(None);
                }
                Err(error) => return Err(NotDecided(error)),
            };
            let piece = settlement::read(&reply.body, from);
            piece.map(Some).map_err(|error| NotDecided(CallError::Unknown(error.into())))
        }
        .boxed()
    }

    fn read(
        &self,
        signed: &Signed<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, WebhookError> {
        let proved = self.secret.as_ref().is_some_and(|secret| secret.proves(signed, body, now));
        if !proved {
            return Err(WebhookError::NotSigned);
        }
        let webhook: Webhook =
            serde_json::from_slice(body).map_err(|_| WebhookError::Unreadable)?;
        Ok(Notice { id: signed.id.to_owned(), operation: webhook.operation() })
    }

    fn read_again(&self, body: &[u8]) -> Option<Operation> {
        serde_json::from_slice::<Webhook>(body).ok()?.operation()
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

/// Some of it may have been taken before.
const fn released(reference: Uuid, captured_minor: i64) -> Fact {
    match captured_minor {
        0 => Fact::Released { reference },
        _ => Fact::RestReleased { reference, captured_minor },
    }
}

fn refuses_capture(code: &str) -> bool {
    matches!(
        code,
        "exceeds-authorized" | "already-captured" | "already-voided" | "unknown-authorization"
    )
}

fn refuses_refund(code: &str) -> bool {
    matches!(code, "declined" | "exceeds-captured" | "unknown-authorization")
}
