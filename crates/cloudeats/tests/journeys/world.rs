//! The stack, the people in it, and what stands outside of it and can be looked at.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cloudeats::api::{Api, Call, Person};
use cloudeats::ports::Door;
use cloudeats::seed::people::{self, Hired, Roster};
use cloudeats::site::{CHECKER, Site};
use cloudeats::stack::Stack;
use cloudeats::{scratch, seed};
use common::types::Role;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::caller::{Caller, Expect, number, text};
use crate::wishes::cafe;

/// How long the world may take to follow.
///
/// A payment whose service was killed is asked for again after up to half a minute (ORD-04).
const PATIENCE: Duration = Duration::from_secs(90);

/// One stack for all stories.
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) api: Api,
    pub(crate) admin: Person,
    pub(crate) roster: Roster,
    drawn: AtomicU32,
}

/// Somebody who orders.
pub(crate) struct Customer {
    pub(crate) caller: Caller,
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) refresh: String,
}

/// What a refused request must not change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Footprint {
    orders: i64,
    facts: i64,
    payments: i64,
    asked_of_the_provider: usize,
    beans: (i64, i64),
}

impl World {
    pub(crate) async fn begin() -> anyhow::Result<Self> {
        let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local");
        let bins = match std::env::var_os("CE_BIN_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => cloudeats::process::bin_folder(None)?,
        };
        let stack = scratch::up(&local, "journeys", &bins).await?;
        match Self::seeded(stack.site()).await {
            Ok((api, admin, roster)) => {
                Ok(Self { stack, api, admin, roster, drawn: AtomicU32::new(0) })
            }
            Err(error) => {
                stack.stop().await;
                Err(error)
            }
        }
    }

    async fn seeded(site: &Site) -> anyhow::Result<(Api, Person, Roster)> {
        seed::seed(site).await?;
        let api = Api::new(site.http_url(Door::Gateway))?;
        let admin = people::admin(site, &api)?;
        Ok((api, admin, Roster::open(site)?))
    }

    pub(crate) async fn end(self) {
        self.stack.stop().await;
    }

    /// A key that nobody has used.
    pub(crate) fn key(&self) -> String {
        format!("a-key-of-the-journeys-{}", self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    /// Whoever has no token.
    pub(crate) fn nobody(&self) -> Caller {
        Caller { api: self.api.clone(), token: None }
    }

    pub(crate) async fn admin(&self) -> Caller {
        Caller { api: self.api.clone(), token: Some(self.admin.token().await.unwrap()) }
    }

    /// A cook of the café's.
    pub(crate) async fn cook(&self) -> Caller {
        self.hired(self.roster.with_role(Role::Kitchen, Some(cafe().slug)).next().unwrap()).await
    }

    pub(crate) async fn hired(&self, hired: &Hired) -> Caller {
        let token = hired.person(&self.api).token().await.unwrap();
        Caller { api: self.api.clone(), token: Some(token) }
    }

    /// A customer whom nobody knew before.
    pub(crate) async fn customer(&self) -> Customer {
        let email = format!("customer-{}@example.com", self.drawn.fetch_add(1, Ordering::Relaxed));
        let nobody = self.nobody();
        let who = json!({"email": email, "password": PASSWORD, "name": "Anna"});
        let id = text(&nobody.post("/v1/auth/register", who).await.is(201), "user_id");
        let tokens = self.signs_in(&email).await;
        let token = Some(text(&tokens, "access_token"));
        let caller = Caller { token, ..nobody };
        Customer { caller, id, email, refresh: text(&tokens, "refresh_token") }
    }

    pub(crate) async fn signs_in(&self, email: &str) -> Value {
        let login = json!({"email": email, "password": PASSWORD});
        self.nobody().post("/v1/auth/login", login).await.is(200)
    }

    /// `(on hand, reserved)` of an item of the café's.
    pub(crate) async fn stock(&self, item: &str) -> (i64, i64) {
        let cafe = cafe();
        let path = format!("/v1/inventory/{}?store_id={}", cafe.item_id(item), cafe.id());
        let level = self.admin().await.get(path).await.is(200);
        (number(&level, "on_hand"), number(&level, "reserved"))
    }

    /// Waits until stock is so.
    pub(crate) async fn stock_becomes(&self, item: &str, wanted: (i64, i64)) {
        let words = format!("{wanted:?} of {item}");
        eventually(&words, async || (self.stock(item).await == wanted).then_some(())).await;
    }

    /// What the provider was asked about an order: `["authorize ok", "capture ok"]`.
    pub(crate) async fn charges(&self, order: &str) -> Vec<String> {
        let journal = self.journal().await;
        let about = journal.iter().filter(|operation| operation["reference"] == order);
        about.map(|it| format!("{} {}", text(it, "op"), text(it, "outcome"))).collect()
    }

    async fn journal(&self) -> Vec<Value> {
        let provider = Api::new(self.stack.site().http_url(Door::Provider)).unwrap();
        let (mut journal, mut after) = (Vec::new(), 0);
        loop {
            let call = Call::get(format!("/v1/operations?after={after}&limit=1000"));
            let page = provider.send(&call, None).await.unwrap().is(200);
            let operations = page["operations"].as_array().unwrap();
            if operations.is_empty() {
                return journal;
            }
            journal.extend(operations.iter().cloned());
            after = number(&page, "next_after");
        }
    }

    /// The subjects of the letters to somebody, oldest first.
    pub(crate) async fn letters(&self, email: &str) -> Vec<String> {
        let mailbox = Api::new(self.stack.site().http_url(Door::Mailbox)).unwrap();
        let call = Call::get(format!("/messages?limit=1000&to={email}"));
        let page = mailbox.send(&call, None).await.unwrap().is(200);
        page["messages"].as_array().unwrap().iter().map(|it| text(it, "subject")).collect()
    }

    /// A number out of a service's database.
    pub(crate) async fn count(&self, database: &str, question: &'static str) -> i64 {
        let url = self.stack.site().database_url(database, CHECKER).unwrap();
        let mut db = PgConnection::connect(url.expose_secret()).await.unwrap();
        sqlx::query_scalar(question).fetch_one(&mut db).await.unwrap()
    }

    /// What is there now of everything that an order would change.
    pub(crate) async fn footprint(&self) -> Footprint {
        Footprint {
            orders: self.count("orders", "SELECT count(*) FROM orders").await,
            facts: self.count("orders", "SELECT count(*) FROM outbox").await,
            payments: self.count("payment", "SELECT count(*) FROM payment").await,
            asked_of_the_provider: self.journal().await.len(),
            beans: self.stock("beans").await,
        }
    }
}

const PASSWORD: &str = "correct horse battery";

impl Customer {
    /// Orders; the answer may be a refusal.
    pub(crate) async fn orders(&self, key: &str, order: &Value) -> cloudeats::api::Answer {
        self.caller.post_once("/v1/orders", key, order.clone()).await
    }

    /// Orders, and waits until it is confirmed.
    pub(crate) async fn has_ordered(&self, world: &World, order: &Value) -> String {
        let answer = self.orders(&world.key(), order).await;
        assert!([201, 202].contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
        let id = text(&answer.json().unwrap(), "order_id");
        self.sees(&id, "CONFIRMED").await;
        id
    }

    pub(crate) async fn order(&self, id: &str) -> Value {
        self.caller.get(format!("/v1/orders/{id}")).await.is(200)
    }

    /// Waits until the order is in this state.
    pub(crate) async fn sees(&self, id: &str, state: &str) -> Value {
        let what = format!("{state} of the order {id}");
        eventually(&what, async || {
            Some(self.order(id).await).filter(|order| order["state"] == state)
        })
        .await
    }

    /// The payment of an order.
    pub(crate) async fn payment(&self, order: &str) -> Value {
        self.caller.get(format!("/v1/payments?order_id={order}")).await.is(200)
    }

    /// What stands in the inbox about an order, oldest first.
    pub(crate) async fn inbox(&self, order: &str) -> Vec<String> {
        let inbox = self.caller.get("/v1/notifications?limit=100").await.is(200);
        let messages = inbox["notifications"].as_array().unwrap();
        let about = messages.iter().rev().filter(|message| message["order_id"] == order);
        about.map(|message| text(message, "kind")).collect()
    }
}

/// Looks again and again until there is something to see.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "after {PATIENCE:?} still not: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
