//! A store with its menu and its stock.

use common::types::ItemId;
use inventory_contract::http::{
    Movements, PublishMenu, PublishedMenu, PutItem, SetStock, StockLevels, StockReason,
};
use uuid::Uuid;

use crate::api::{Answer, Call, Person};

use super::id_of;
use super::stores::{Stocked, StoreSeed};

/// Most items that are asked about at once.
const ASKED_MAX: usize = 100;

/// Makes the store; one that somebody has changed since stays as it is.
pub(super) async fn put_store(admin: &Person, store: &StoreSeed) -> anyhow::Result<()> {
    let call = Call::put(format!("/v1/stores/{}", store.id()), &store.put()?)?;
    made_or_there(admin.ask(&call).await?, "no store")
}

/// Makes the items, lays in the opening stock and publishes the menu; answers its version.
pub(super) async fn furnish(manager: &Person, store: &StoreSeed) -> anyhow::Result<i64> {
    let items = store.items();
    let own: Vec<(ItemId, u32)> =
        items.iter().filter_map(|it: &Stocked| Some((it.item.item_id?, it.opening?))).collect();
    let ids: Vec<ItemId> = own.iter().map(|(item, _)| *item).collect();
    let before = levels(manager, store.id(), &ids).await?;
    for stocked in &items {
        make_item(manager, &stocked.item).await?;
    }
    for (item, amount) in own {
        let there = before.levels.iter().find(|level| level.item_id == item);
        let was_there = match there {
            None => false,
            Some(level) if level.on_hand > 0 => true,
            Some(_sold_out) => has_moved(manager, store, item).await?,
        };
        if !was_there {
            lay_in(manager, store, item, amount).await?;
        }
    }
    publish(manager, store.id(), &format!("menu/{}/{}", store.slug, super::EDITION)).await
}

async fn make_item(manager: &Person, item: &PutItem) -> anyhow::Result<()> {
    let id = item.item_id.map(ItemId::as_uuid).unwrap_or_default();
    let call = Call::post("/v1/menu", item)?.key(key(&format!("item/{id}")));
    made_or_there(manager.ask(&call).await?, item.slug.as_str())
}

/// What lies in a store of some items, as far as it knows them.
pub(crate) async fn levels(
    person: &Person,
    store: Uuid,
    items: &[ItemId],
) -> anyhow::Result<StockLevels> {
    let mut all = StockLevels { levels: Vec::new() };
    for some in items.chunks(ASKED_MAX) {
        let ids: Vec<String> = some.iter().map(ToString::to_string).collect();
        let call = Call::get(format!("/v1/inventory?store_id={store}&ids={}", ids.join(",")));
        let answer = person.ask(&call).await?;
        if answer.status != 404 {
            all.levels.extend(answer.expect_ok("no levels")?.json::<StockLevels>()?.levels);
        }
    }
    Ok(all)
}

async fn has_moved(manager: &Person, store: &StoreSeed, item: ItemId) -> anyhow::Result<bool> {
    let path = format!("/v1/inventory/{item}/movements?store_id={}&limit=1", store.id());
    let answer = manager.ask(&Call::get(path)).await?.expect_ok("no movements")?;
    Ok(!answer.json::<Movements>()?.movements.is_empty())
}

async fn lay_in(
    manager: &Person,
    store: &StoreSeed,
    item: ItemId,
    amount: u32,
) -> anyhow::Result<()> {
    let body = receipt(store.id(), amount)?;
    let call = Call::put(format!("/v1/inventory/{item}"), &body)?;
    manager.ask(&call.key(key(&format!("stock/{item}")))).await?.expect_ok("no stock")?;
    Ok(())
}

/// Goods that come in.
pub(crate) fn receipt(store: Uuid, amount: u32) -> anyhow::Result<SetStock> {
    Ok(SetStock {
        store_id: common::types::StoreId::from_uuid(store),
        on_hand: None,
        delta: Some(amount.try_into()?),
        reason: StockReason::Receipt,
    })
}

/// Publishes a store's menu, once for a name; answers the version.
pub(crate) async fn publish(person: &Person, store: Uuid, name: &str) -> anyhow::Result<i64> {
    let body = PublishMenu { store_id: common::types::StoreId::from_uuid(store) };
    let call = Call::post("/v1/menu/publish", &body)?.key(key(name));
    let answer = person.ask(&call).await?.expect_ok("the menu is not published")?;
    Ok(answer.json::<PublishedMenu>()?.menu_version)
}

/// An `Idempotency-Key` that is always the same for the same name.
pub(crate) fn key(name: &str) -> String {
    format!("seed-{}", id_of(name).simple())
}

/// Fine if it was made, or if there is one already that is to be changed by its version only.
pub(super) fn made_or_there(answer: Answer, what: &str) -> anyhow::Result<()> {
    if answer.is_ok() || matches!(answer.status, 409 | 428) {
        return Ok(());
    }
    answer.expect_ok(what).map(|_made| ())
}
