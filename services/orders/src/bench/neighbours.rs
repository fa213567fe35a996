//! Inventory, payment and fleet as the saga meets them: real HTTP, told how to answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::{clients, saga::Participants};

/// What a path answers instead of 200.
#[derive(Debug, Clone)]
struct Told {
    status: u16,
    code: &'static str,
    times: usize,
}

#[derive(Debug, Default)]
struct World {
    told: BTreeMap<&'static str, Told>,
    asked: Vec<String>,
}

/// Three services in one.
#[derive(Debug, Clone)]
pub(crate) struct Neighbours {
    world: Arc<Mutex<World>>,
    url: String,
}

impl Neighbours {
    pub(super) async fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&world));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
        Self { world, url }
    }

    pub(super) fn participants(&self) -> Participants {
        Participants {
            inventory: clients::Inventory::new(test_kit::client(&self.url, "inventory")),
            payment: clients::Payment::new(test_kit::client(&self.url, "payment")),
            fleet: clients::Fleet::new(test_kit::client(&self.url, "fleet")),
        }
    }

    /// Paths that end in `end` answer so, `times` times.
    pub(crate) fn tell(&self, end: &'static str, status: u16, code: &'static str, times: usize) {
        let told = Told { status, code, times };
        self.world.lock().unwrap().told.insert(end, told);
    }

    /// How often a path that ends in `end` was asked.
    pub(crate) fn asked(&self, end: &str) -> usize {
        let world = self.world.lock().unwrap();
        world.asked.iter().filter(|path| path.ends_with(end)).count()
    }
}

async fn answer(State(world): State<Arc<Mutex<World>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut world = world.lock().unwrap();
    world.asked.push(path.clone());
    let told = world.told.iter_mut().find(|(end, told)| path.ends_with(**end) && told.times > 0);
    let Some((_, told)) = told else { return axum::response::Json(json!({})).into_response() };
    told.times -= 1;
    let status = StatusCode::from_u16(told.status).unwrap();
    let body = json!({"status": told.status, "code": told.code}).to_string();
    (status, [("content-type", "application/problem+json")], body).into_response()
}
