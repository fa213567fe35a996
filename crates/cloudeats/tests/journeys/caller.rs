//! Somebody who asks the gateway, and what is expected of the answers.

use std::time::{Duration, Instant};

use cloudeats::api::{Answer, Api, Call};
use serde_json::Value;

const BUSY_MAX: Duration = Duration::from_secs(10);

/// Somebody with a token, or without.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) api: Api,
    pub(crate) token: Option<String>,
}

impl Caller {
    pub(crate) async fn get(&self, path: impl Into<String>) -> Answer {
        self.send(Call::get(path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Call::post(path, &body).unwrap()).await
    }

    /// With an `Idempotency-Key`.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        self.send(Call::post(path, &body).unwrap().key(key)).await
    }

    pub(crate) async fn put(&self, path: &str, version: i64, body: Value) -> Answer {
        self.send(Call::put(path, &body).unwrap().if_match(version)).await
    }

    /// A busy machine may answer that it did nothing; then one asks again.
    pub(crate) async fn send(&self, call: Call) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.api.send(&call, self.token.as_deref()).await.expect("an answer");
            let nothing = answer.headers.get("x-ce-outcome").is_some_and(|it| it == "none");
            if !nothing || began.elapsed() > BUSY_MAX {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What is expected of an answer.
pub(crate) trait Expect {
    /// The body of an answer with this status.
    fn is(&self, status: u16) -> Value;
    /// A refusal.
    fn is_problem(&self, status: u16, code: &str);
}

impl Expect for Answer {
    #[track_caller]
    fn is(&self, status: u16) -> Value {
        let words = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{words}");
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    #[track_caller]
    fn is_problem(&self, status: u16, code: &str) {
        let words = String::from_utf8_lossy(&self.body);
        assert_eq!((self.status, self.code().as_str()), (status, code), "{words}");
        let kind = self.headers.get("content-type").and_then(|value| value.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"));
    }
}

/// A text of a body.
#[track_caller]
pub(crate) fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_else(|| panic!("no {field} in {body}")).to_owned()
}

/// A number of a body.
#[track_caller]
pub(crate) fn number(body: &Value, field: &str) -> i64 {
    body[field].as_i64().unwrap_or_else(|| panic!("no {field} in {body}"))
}
