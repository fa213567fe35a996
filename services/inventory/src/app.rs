//! What the inventory service can do, whoever asks.

mod change_menu_item;
mod create_menu_item;
mod desk;
mod edit_item;
mod find_menu;
mod find_stock;
mod find_store;
mod list_movements;
mod publish_menu;
mod put_plain_item;
mod put_store;
mod release_expired;
mod reserve_stock;
mod set_stock;
mod shelves;
mod step_reservation;
mod xray;

use std::sync::Arc;

use common::types::Clock;
use dynamo_kit::Dynamo;
use postgres_kit::{Db, StoreError, Tx, answers::Kept};
use redis_kit::{Cache, Redis};
use service_kit::Stored;

pub(crate) use edit_item::ItemSeen;
pub(crate) use find_menu::Menu;
pub(crate) use find_stock::Level;
pub(crate) use find_store::Near;
pub(crate) use put_store::Precondition;
pub(crate) use release_expired::AT_ONCE_MAX;
pub(crate) use reserve_stock::ReserveError;
pub(crate) use set_stock::SetStock;
pub(crate) use step_reservation::StepError;

/// The inventory service behind its doors.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    dynamo: Dynamo,
    menus: Cache,
    shelves: shelves::Shelves,
    desk: Arc<desk::Desk>,
}

impl App {
    /// Puts the finished parts together.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, dynamo: Dynamo, redis: &Redis) -> Self {
        Self {
            shelves: shelves::Shelves::new(db.clone()),
            menus: Cache::new(redis, "menu"),
            desk: Arc::default(),
            db,
            clock,
            dynamo,
        }
    }
}

/// Commits what was done; a refusal leaves nothing and costs no connection.
async fn end<T, E: From<StoreError>>(tx: Tx, outcome: Result<T, E>) -> Result<T, E> {
    match outcome {
        Ok(done) => {
            tx.commit().await?;
            Ok(done)
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

/// An answer that is kept with its key, as it is given.
fn given(kept: Kept, replayed: bool) -> Stored {
    let Kept { status, location, body } = kept;
    Stored { status, body, location, replayed }
}
