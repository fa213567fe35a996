//! What the driver did, kept outside of the system that it is to judge (RELIABILITY, 3).

use std::path::{Path, PathBuf};

use common::types::{Clock, OrderId, SystemClock, Timestamp, VehicleId};
use fleet_contract::http::DeliveryEventKind;
use sandbox::journal::Journal;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::{Answer, Call, Silence};
use crate::site::Site;

/// One operation, or one try of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When it was begun.
    pub t_invoke: Timestamp,
    /// When its outcome was known; absent in the line that is written before anything is sent.
    pub t_done: Option<Timestamp>,
    /// Which part of the driver.
    pub client: String,
    /// `create`, `cancel`, `complete` or `stock`.
    pub op: Op,
    /// As whom.
    pub principal: Uuid,
    /// With which key, where it takes one.
    pub idem_key: Option<String>,
    /// Hexadecimal SHA-256 of the body that was sent.
    pub body_sha: Option<String>,
    /// What is known of it.
    pub outcome: Outcome,
    /// The status.
    pub http: Option<u16>,
    /// The order, where it is about one.
    pub order_id: Option<OrderId>,
    /// Hexadecimal SHA-256 of the answer's body.
    pub answer_sha: Option<String>,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// An order was placed.
    Create,
    /// An order was cancelled.
    Cancel,
    /// An order was handed over at the counter.
    Complete,
    /// Goods were received.
    Stock,
}

/// What is known of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done: 2xx.
    Ok,
    /// It was decided against: 402, 409 `out-of-stock`.
    Refused,
    /// Nothing may have come of it: other 4xx.
    Fail,
    /// Nobody knows: no answer, 5xx, or another try is under way.
    Info,
}

/// The history of a stack, appended to by every run.
#[derive(Clone)]
pub struct History(Journal);

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("History")
    }
}

/// What a courier's device told of a delivery, and what it was answered.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// When it was answered.
    pub at: Timestamp,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The fact.
    pub event_id: Uuid,
    /// What happened.
    pub kind: DeliveryEventKind,
    /// Why it was refused; nothing where it was taken.
    pub refused: Option<String>,
}

/// The journal of the vehicles of a stack, appended to by every run.
#[derive(Clone)]
pub struct Logbook(Journal);

impl std::fmt::Debug for Logbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Logbook")
    }
}

impl Logbook {
    /// Where the journal of a stack lies.
    #[must_use]
    pub fn file(site: &Site) -> PathBuf {
        site.layout.folder().join("vehicles.jsonl")
    }

    /// Opens the journal at `path`, or begins one.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let (journal, _lines) = Journal::open::<IgnoredAny>(path)?;
        Ok(Self(journal))
    }

    /// Writes an entry; it is on the disk when this returns.
    pub async fn write(&self, entry: &Entry) -> anyhow::Result<()> {
        self.0.append(entry)?.wait().await?;
        Ok(())
    }
}

impl Outcome {
    /// What an answer, or none, says of an operation.
    #[must_use]
    pub fn of(answer: &Result<Answer, Silence>) -> Self {
        match answer {
            Ok(answer) if answer.is_ok() => Self::Ok,
            Ok(answer) => match (answer.status, answer.code().as_str()) {
                (402, _) | (409, "out-of-stock") => Self::Refused,
                (409, "key-in-progress" | "in-progress" | "still-running") | (408 | 500.., _) => {
                    Self::Info
                }
                (409, _) if answer.retry_after().is_some() => Self::Info,
                _ => Self::Fail,
            },
            Err(Silence::NobodyThere(_)) => Self::Fail,
            Err(Silence::Lost(_)) => Self::Info,
        }
    }
}

impl Line {
    /// An operation that is about to begin: until more is known, nobody knows.
    #[must_use]
    pub fn begun(client: &str, op: Op, principal: Uuid, call: &Call) -> Self {
        Self {
            t_invoke: SystemClock.now(),
            t_done: None,
            client: client.to_owned(),
            op,
            principal,
            idem_key: None,
            body_sha: call.body_sha(),
            outcome: Outcome::Info,
            http: None,
            order_id: None,
            answer_sha: None,
        }
    }

    /// The same with what came of it.
    #[must_use]
    pub fn done(&self, answer: &Result<Answer, Silence>) -> Self {
        let known = answer.as_ref().ok();
        Self {
            t_done: Some(SystemClock.now()),
            outcome: Outcome::of(answer),
            http: known.map(|answer| answer.status),
            answer_sha: known.map(Answer::sha),
            order_id: known.and_then(answered_order).or(self.order_id),
            ..self.clone()
        }
    }
}

/// The order that an answer names.
fn answered_order(answer: &Answer) -> Option<OrderId> {
    #[derive(Deserialize)]
    struct Named {
        order_id: OrderId,
    }
    let named = answer.is_ok().then(|| answer.json::<Named>().ok())?;
    named.map(|named| named.order_id)
}

impl History {
    /// Where the history of a stack lies.
    #[must_use]
    pub fn file(site: &Site) -> PathBuf {
        site.layout.folder().join("history.jsonl")
    }

    /// Opens the history at `path`, or begins one.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let (journal, _lines) = Journal::open::<IgnoredAny>(path)?;
        Ok(Self(journal))
    }

    /// Writes a line; it is on the disk when this returns.
    pub async fn write(&self, line: &Line) -> anyhow::Result<()> {
        self.0.append(line)?.wait().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: u16, code: &str) -> Answer {
        let body = Bytes::from(json!({"code": code}).to_string());
        Answer { status, headers: HeaderMap::new(), body }
    }

    #[test]
    fn an_answer_is_done_decided_refused_or_unknown() {
        for (status, code, outcome) in [
            (201, "", Outcome::Ok),
            (202, "", Outcome::Ok),
            (402, "payment-declined", Outcome::Refused),
            (409, "out-of-stock", Outcome::Refused),
            (409, "store-closed", Outcome::Fail),
            (409, "key-in-progress", Outcome::Info),
            (422, "unknown-item", Outcome::Fail),
            (429, "rate-limited", Outcome::Fail),
            (500, "panic", Outcome::Info),
            (503, "upstream-unavailable", Outcome::Info),
        ] {
            assert_eq!(Outcome::of(&Ok(answer(status, code))), outcome, "{status} {code}");
        }
    }

    #[tokio::test]
    async fn runs_append_to_one_history_in_the_promised_form() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let call = Call::post("/v1/orders", &json!({"a": 1})).unwrap();
        let begun = Line::begun("customer-1", Op::Create, Uuid::from_u128(1), &call);
        for _run in 0..2 {
            let history = History::open(&path).unwrap();
            history.write(&begun.done(&Ok(answer(201, "")))).await.unwrap();
        }

        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        let names: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
        let promised = [
            "t_invoke",
            "t_done",
            "client",
            "op",
            "principal",
            "idem_key",
            "body_sha",
            "outcome",
            "http",
            "order_id",
            "answer_sha",
        ];
        assert_eq!(names, promised);
        assert_eq!((&lines[0]["op"], &lines[0]["outcome"]), (&json!("create"), &json!("ok")));
        let sha = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
        assert_eq!(lines[0]["body_sha"], sha);
    }
}
