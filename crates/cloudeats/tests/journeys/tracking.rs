//! A customer who follows an order on the tracking stream.

use std::sync::{Arc, Mutex};

use cloudeats::api::Call;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::caller::{Caller, number, text};

/// What was told so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Followed {
    /// The states, in their order.
    pub(crate) states: Vec<String>,
    /// Their numbers.
    pub(crate) numbers: Vec<i64>,
    /// The positions, in their order.
    pub(crate) positions: Vec<(f64, f64)>,
}

/// Follows from now on, to the end.
pub(crate) struct Follower {
    told: Arc<Mutex<Followed>>,
    stream: JoinSet<()>,
}

impl Follower {
    pub(crate) async fn begin(caller: &Caller, order: &str) -> Self {
        let call = Call::get(format!("/v1/orders/{order}/track"));
        let stream = caller.api.open(&call, caller.token.as_deref().unwrap()).await.unwrap();
        let kind = stream.headers().get("content-type").unwrap();
        assert_eq!((stream.status().as_u16(), kind.as_bytes()), (200, &b"text/event-stream"[..]));
        let mut follower = Self { told: Arc::default(), stream: JoinSet::new() };
        follower.stream.spawn(follow(stream, follower.told.clone()));
        follower
    }

    /// What was told so far.
    pub(crate) fn told(&self) -> Followed {
        self.told.lock().unwrap().clone()
    }

    /// What was told, when the stream has ended.
    pub(crate) async fn end(mut self) -> Followed {
        self.stream.join_next().await.unwrap().unwrap();
        self.told()
    }
}

async fn follow(mut stream: reqwest::Response, told: Arc<Mutex<Followed>>) {
    let mut unread = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        unread.push_str(&String::from_utf8_lossy(&chunk));
        while let Some((block, rest)) = unread.split_once("\n\n") {
            told.lock().unwrap().hear(block);
            unread = rest.to_owned();
        }
    }
}

impl Followed {
    fn hear(&mut self, block: &str) {
        let field = |name| block.lines().find_map(|line: &str| line.strip_prefix(name));
        let Some(data) = field("data:") else { return };
        let data: Value = serde_json::from_str(data).unwrap();
        match field("event:").map(str::trim) {
            Some("state") => {
                let id: i64 = field("id:").unwrap().trim().parse().unwrap();
                assert_eq!(id, number(&data, "seq"));
                self.numbers.push(id);
                self.states.push(text(&data, "state"));
            }
            Some("position") => {
                assert_eq!(field("id:"), None, "positions are never replayed");
                let degrees = |name| data["position"][name].as_f64().unwrap();
                self.positions.push((degrees("lat"), degrees("lon")));
            }
            other => panic!("an event of the kind {other:?}"),
        }
    }
}
