//! What a fault is worked with: the stack, the city that uses it, and the ways between them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use futures::future::try_join_all;
use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::Instant;
use uuid::Uuid;

use crate::look;
use crate::process::Ready;
use crate::process::mark::Mark;
use crate::simulate::Game;
use crate::site::{SERVICES, Service, Site};
use crate::stack::Stack;

use super::links::Links;
use super::means::Means;
use super::words::Words;

/// How long a fault waits for work that it can interrupt.
const WORK_MAX: Duration = Duration::from_secs(15);
const BACK_MAX: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(5);

/// Orders that the machine drives.
const DRIVEN: &str = "SELECT count(*) FROM orders
     WHERE state IN ('RECEIVED', 'RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED', 'DELIVERED',
                     'CAPTURING', 'CAPTURE_FAILED', 'CANCELLING')";

/// What a service works on: its database, what it is, and how many there are.
const WORK: [(&str, &str, &str, &str); 5] = [
    ("orders", "orders", "orders on their way through the saga", DRIVEN),
    (
        "inventory",
        "orders",
        "orders that reserve or release",
        "SELECT count(*) FROM orders WHERE state IN ('RECEIVED', 'RESERVING', 'CANCELLING')",
    ),
    (
        "payment",
        "payment",
        "payments with an open call",
        "SELECT count(*) FROM payment WHERE work IS NOT NULL",
    ),
    (
        "fleet",
        "fleet",
        "deliveries on the road",
        "SELECT count(*) FROM delivery
          WHERE state IN ('PENDING', 'OFFERED', 'ASSIGNED', 'AT_PICKUP', 'PICKED_UP', 'AT_DROPOFF')",
    ),
    (
        "notification",
        "notification",
        "messages on their way",
        "SELECT count(*) FROM send WHERE state IN ('QUEUED', 'SENDING')",
    ),
];

/// What a fault is worked with.
pub(super) struct Rig<'a> {
    pub(super) stack: &'a Stack,
    pub(super) game: &'a Game,
    pub(super) links: &'a Links,
    pub(super) means: &'a Means,
    poison: Mutex<Vec<Uuid>>,
    broken: Mutex<Vec<String>>,
}

impl<'a> Rig<'a> {
    pub(super) const fn new(
        stack: &'a Stack,
        game: &'a Game,
        links: &'a Links,
        means: &'a Means,
    ) -> Self {
        let poison = Mutex::new(Vec::new());
        let broken = Mutex::new(Vec::new());
        Self { stack, game, links, means, poison, broken }
    }
}

impl Rig<'_> {
    /// Remembers events that nobody can apply, so that they can be put away when all is over.
    pub(super) fn poisoned(&self, events: &[Uuid]) {
        self.poison.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
    }

    /// The events that nobody can apply.
    pub(super) fn poison(&self) -> Vec<Uuid> {
        self.poison.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers a promise that was seen to be broken: no later try makes it good.
    pub(super) fn broke(&self, what: String) {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// The promises that were seen to be broken.
    pub(super) fn broken(&self) -> Vec<String> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a process will write in its log.
    pub(super) fn words_of(&self, name: &str) -> Words {
        Words::from_now(self.site().layout.logs().join(format!("{name}.log")))
    }

    pub(super) fn site(&self) -> &Site {
        self.stack.site()
    }

    /// The process that now runs under a name.
    pub(super) fn process(&self, name: &str) -> anyhow::Result<Mark> {
        self.stack.process(name).with_context(|| format!("`{name}` does not run"))
    }

    /// Waits until a service has something to lose, and says what; nothing where it stays idle.
    pub(super) async fn at_work(&self, service: &str) -> anyhow::Result<Option<String>> {
        let begun = Instant::now();
        let Some((_, database, what, sql)) = WORK.iter().find(|(name, ..)| *name == service) else {
            return Ok(self.asking(begun).await);
        };
        let mut db = look::into(self.site(), database).await?;
        while begun.elapsed() < WORK_MAX {
            let count = count(&mut db, sql).await?;
            if count > 0 {
                return Ok(Some(format!("{count} {what}")));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(None)
    }

    async fn asking(&self, begun: Instant) -> Option<String> {
        while begun.elapsed() < WORK_MAX {
            let under_way = self.game.mood().under_way();
            if under_way > 0 {
                return Some(format!("{under_way} requests under way"));
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    /// Sends a signal to a process and waits until another one serves in its place.
    pub(super) async fn replace(&self, name: &str, signal: Signal) -> anyhow::Result<Duration> {
        let victim = self.process(name)?;
        victim.send(signal)?;
        let begun = Instant::now();
        let ready = self.readiness(name)?;
        loop {
            let successor = self.stack.process(name).is_some_and(|now| now.pid != victim.pid);
            if successor && ready.holds().await {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > BACK_MAX {
                bail!("`{name}` was not back after {} s", BACK_MAX.as_secs());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until every service is ready.
    pub(super) async fn all_ready(&self) -> anyhow::Result<()> {
        try_join_all(SERVICES.iter().map(|service| self.stack.ready(service, BACK_MAX))).await?;
        Ok(())
    }

    fn readiness(&self, name: &str) -> anyhow::Result<Ready> {
        Ok(match service(name) {
            Some(service) => Ready::Http(self.site().admin_port(service), "/readyz"),
            None if name == "postgres" => Ready::Sql(self.site().superuser_url("postgres")?),
            None => {
                let ports = self.process(name)?.ports;
                Ready::Tcp(*ports.first().with_context(|| format!("`{name}` has no port"))?)
            }
        })
    }
}

/// A service by its name.
fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

/// Counts with one of our own statements.
pub(super) async fn count(db: &mut PgConnection, sql: &str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(db).await?)
}
