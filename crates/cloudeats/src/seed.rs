//! `cloudeats seed`: a demo city in two cells, made through the public API (FEATURES 2.19, INV-20).
//!
//! Ids are derived from names and keys from ids: seeding twice changes nothing.

mod cafe;
mod grocer;
pub mod people;
pub(crate) mod shop;
pub mod stores;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;
use uuid::Uuid;

use crate::api::{Api, Call};
use crate::commands::{Which, say};
use crate::look;
use crate::ports::Door;
use crate::site::Site;

use self::people::Roster;
use self::stores::STORES;

/// Raised when the seed changes: what was seeded before is then seeded again.
const EDITION: &str = "1";
/// How long the news of a menu may take from the counter to the till.
const PRICED_MAX: Duration = Duration::from_mins(1);

/// Seeds the demo city.
#[derive(Debug, Clone, clap::Args)]
pub struct Seed {
    #[command(flatten)]
    which: Which,
}

impl Seed {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        seed(&Site::open(self.which.layout()?)?).await
    }
}

/// Seeds a running stack.
pub async fn seed(site: &Site) -> anyhow::Result<()> {
    let started = Instant::now();
    let api = Api::new(site.http_url(Door::Gateway))?;
    let admin = people::admin(site, &api)?;

    for store in &STORES {
        shop::put_store(&admin, store).await?;
    }
    let roster = people::hire(site, &admin).await?;
    let stocked = futures::future::try_join_all(STORES.iter().map(|store| {
        let manager = roster.manager(&api, store);
        async move { shop::furnish(&manager?, store).await }
    }));
    let versions = stocked.await?;
    for (store, version) in STORES.iter().zip(versions) {
        can_be_priced(site, store.id(), version).await?;
    }

    let file = roster.keep(site)?;
    std::fs::write(marker(site), EDITION)?;
    let took_s = started.elapsed().as_secs_f64();
    let items: usize = STORES.iter().map(|store| store.items().len()).sum();
    say(format_args!(
        "seeded     {} stores in two cells, {items} items, {} people after {took_s:.1} s",
        STORES.len(),
        roster.people.len()
    ));
    say(format_args!("people     who they are and how they sign in: {}", file.display()));
    Ok(())
}

/// Whether the stack was seeded, and still holds it.
pub async fn is_seeded(site: &Site) -> bool {
    let marked = std::fs::read_to_string(marker(site)).is_ok_and(|edition| edition == EDITION);
    let Ok(api) = Api::new(site.http_url(Door::Gateway)) else { return false };
    let mut there = marked && Roster::open(site).is_ok();
    for store in &STORES {
        let call = Call::get(format!("/v1/stores/{}", store.id()));
        there = there && api.send(&call, None).await.is_ok_and(|answer| answer.is_ok());
    }
    there
}

/// Waits until orders has heard of a store's menu.
pub(crate) async fn can_be_priced(site: &Site, store: Uuid, version: i64) -> anyhow::Result<()> {
    let mut db = look::into(site, "orders").await?;
    let started = Instant::now();
    loop {
        let known: Option<i64> =
            sqlx::query_scalar("SELECT menu_version FROM menu_snapshot WHERE store_id = $1")
                .bind(store)
                .fetch_optional(&mut db)
                .await?;
        if known.is_some_and(|known| known >= version) {
            return Ok(());
        }
        if started.elapsed() > PRICED_MAX {
            bail!("orders has not heard of menu {version} of store {store}: known is {known:?}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn marker(site: &Site) -> PathBuf {
    site.layout.folder().join("seeded")
}

/// An id that is always the same for the same name.
pub(crate) fn id_of(name: &str) -> Uuid {
    const SEED: Uuid = Uuid::from_u128(0x636c_6f75_6465_4000_8000_7365_6564_6572);
    Uuid::new_v5(&SEED, name.as_bytes())
}
