//! The provider tells what happened: webhooks, signed after Standard Webhooks 1.0.0.
//!
//! `webhook-id` is the same however often an operation is told; `webhook-signature` is `v1,` and the
//! HMAC-SHA256 of `id.timestamp.body` in Base64. What is not answered 2xx is told again, five times in
//! all. Nothing is kept for later: who missed it can list the operations.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::Provider;
use super::book::{Op, Operation, Outcome};
use super::wire::Webhook;

/// More are dropped: a provider does not promise to tell everything.
const QUEUED_MAX: usize = 10_000;
const AT_ONCE_MAX: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);
/// Between one attempt and the next.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(30),
];
/// How long a webhook waits that others shall overtake.
const OVERTAKEN: Duration = Duration::from_millis(400);

/// Who is told.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Plain HTTP.
    pub url: Uri,
    /// What both sides know.
    pub secret: Secret,
}

/// The key of the signatures; never printed.
#[derive(Clone)]
pub struct Secret(Arc<hmac::Key>);

/// What cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is `whsec_` and at least 24 bytes in Base64")]
pub struct NoSecret;

impl FromStr for Secret {
    type Err = NoSecret;

    fn from_str(text: &str) -> Result<Self, NoSecret> {
        let text = text.strip_prefix("whsec_").ok_or(NoSecret)?;
        let bytes = STANDARD.decode(text).map_err(|_| NoSecret)?;
        if bytes.len() < 24 {
            return Err(NoSecret);
        }
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes))))
    }
}

impl Secret {
    /// The value of `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// What waits to be told.
pub(super) struct Webhooks {
    listener: Listener,
    client: Client<HttpConnector, Full<Bytes>>,
    sender: mpsc::Sender<Notice>,
    receiver: Mutex<Option<mpsc::Receiver<Notice>>>,
}

#[derive(Debug, Clone)]
struct Notice {
    id: String,
    body: Bytes,
}

impl Webhooks {
    pub(super) fn new(listener: Listener) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_MAX);
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self { listener, client, sender, receiver: Mutex::new(Some(receiver)) }
    }

    pub(super) fn queue(&self, operation: &Operation) {
        let Some(notice) = Notice::of(operation) else { return };
        if self.sender.try_send(notice).is_err() {
            tracing::warn!("a webhook is dropped: too many wait");
        }
    }

    /// Sends what is queued until the process ends.
    pub(super) async fn send(&self, provider: &Provider) {
        let taken = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut queue) = taken else { return };
        let slots = Arc::new(Semaphore::new(AT_ONCE_MAX));
        let mut under_way = JoinSet::new();
        while let Some(notice) = queue.recv().await {
            let faults = provider.faults().clone();
            let copies = if provider.happens(faults.dup_webhook) { 2 } else { 1 };
            let overtaken = provider.happens(faults.reorder_webhook);
            let wait = Duration::from_millis(faults.delay_webhook_ms)
                + if overtaken { OVERTAKEN } else { Duration::ZERO };
            for _copy in 0..copies {
                let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
                let (notice, post) = (notice.clone(), self.post(provider));
                under_way.spawn(async move {
                    tokio::time::sleep(wait).await;
                    post.until_taken(&notice).await;
                    drop(slot);
                });
            }
            while under_way.try_join_next().is_some() {}
        }
    }

    fn post(&self, provider: &Provider) -> Post {
        Post {
            listener: self.listener.clone(),
            client: self.client.clone(),
            provider: provider.clone(),
        }
    }
}

/// Carries one notice.
struct Post {
    listener: Listener,
    client: Client<HttpConnector, Full<Bytes>>,
    provider: Provider,
}

impl Post {
    async fn until_taken(&self, notice: &Notice) {
        for pause in PAUSES {
            if self.is_taken(notice).await {
                return;
            }
            tokio::time::sleep(pause).await;
        }
        if !self.is_taken(notice).await {
            tracing::warn!(webhook.id = notice.id, "nobody took a webhook");
        }
    }

    async fn is_taken(&self, notice: &Notice) -> bool {
        let timestamp = self.provider.now().as_second();
        let signature = self.listener.secret.sign(&notice.id, timestamp, &notice.body);
        let request = Request::post(self.listener.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &notice.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Full::new(notice.body.clone()));
        let Ok(request) = request else { return false };
        #[expect(clippy::disallowed_methods, reason = "nothing is lost: it is told again")]
        let answered = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        matches!(answered, Ok(Ok(response)) if response.status().is_success())
    }
}

impl Notice {
    fn of(operation: &Operation) -> Option<Self> {
        // One operation, one key, one id.
        let digest = Sha256::digest(format!("{:?} {}", operation.op, operation.key));
        let id = format!("evt_{}", URL_SAFE_NO_PAD.encode(digest.get(..18)?));
        let webhook = Webhook {
            r#type: kind(operation).to_owned(),
            timestamp: operation.at,
            data: operation.clone(),
        };
        let body = serde_json::to_vec(&webhook).ok()?.into();
        Some(Self { id, body })
    }
}

const fn kind(operation: &Operation) -> &'static str {
    match (operation.op, operation.outcome) {
        (Op::Authorize, Outcome::Ok) => "authorization.authorized",
        (Op::Authorize, Outcome::Declined) => "authorization.declined",
        (Op::Capture, _) => "authorization.captured",
        (Op::Void, _) => "authorization.voided",
        (Op::Tombstone, _) => "authorization.tombstoned",
        (Op::Expire, _) => "authorization.expired",
        (Op::Refund, Outcome::Ok) => "refund.succeeded",
        (Op::Refund, Outcome::Declined) => "refund.failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification and its reference libraries.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();

        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_too_short_or_has_no_prefix_is_no_secret() {
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%"]
        {
            assert_eq!(text.parse::<Secret>().err(), Some(NoSecret), "{text}");
        }
    }
}
