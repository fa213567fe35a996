//! A store's manager, who receives goods before they run out.

use std::sync::Arc;
use std::time::Duration;

use common::types::ItemId;

use crate::api::Call;
use crate::history::Op;
use crate::seed::shop::{levels, receipt};

use super::world::{Operation, Shop, World};

const LOOK: Duration = Duration::from_secs(2);

/// Watches the shelves until everybody goes home.
pub(super) async fn run(world: Arc<World>, store: usize) {
    let Some(store) = world.stores.get(store) else { return };
    let mut nth = 0_u64;
    while world.pause(LOOK).await.is_some() {
        if let Err(error) = round(&world, store, &mut nth).await {
            tracing::debug!(error = format!("{error:#}"), store = store.seed.slug, "no goods");
            world.tally.troubles.add();
        }
    }
}

async fn round(world: &World, store: &Shop, nth: &mut u64) -> anyhow::Result<()> {
    let items: Vec<ItemId> = store.supplies.iter().map(|supply| supply.item).collect();
    let levels = levels(&store.manager, store.id.as_uuid(), &items).await?.levels;
    for supply in &store.supplies {
        let Some(level) = levels.iter().find(|level| level.item_id == supply.item) else {
            continue;
        };
        // What orders hold is as good as gone.
        if level.on_hand - level.reserved > i64::from(supply.low) * 3 / 2 {
            continue;
        }
        *nth += 1;
        let key = world.key(&format!("{}-{nth}", store.seed.slug));
        let body = receipt(store.id.as_uuid(), supply.opening)?;
        let call = Call::put(format!("/v1/inventory/{}", supply.item), &body)?.key(key.as_str());
        let stock = Operation { op: Op::Stock, call: &call, key: Some(&key), order: None };
        if world.surely(&store.manager, stock).await?.is_some_and(|answer| answer.is_ok()) {
            world.tally.receipts.add();
        }
    }
    Ok(())
}
