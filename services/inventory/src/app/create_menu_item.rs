//! Making an item.

use axum::http::StatusCode;
use common::types::{ItemId, Principal, StoreId};
use postgres_kit::{
    Tx,
    answers::{self, Asked, Claim, Kept},
};
use service_kit::{Key, Stored};

use super::{
    edit_item::{EditItemError, ItemSeen, check, lock_catalogue, settle, show},
    end, given,
};
use crate::{
    App,
    domain::{Item, ItemDraft, ItemNamed},
    store,
};

const ROUTE: &str = "POST /v1/menu";

impl App {
    /// Makes an item, once for a key and once for an id that the caller chose. `written` says how it is
    /// answered.
    #[tracing::instrument(name = "inventory.create_menu_item", skip_all, fields(store.id = %store))]
    pub(crate) async fn create_menu_item(
        &self,
        by: &Principal,
        key: &Key,
        store: StoreId,
        id: Option<ItemId>,
        draft: ItemDraft,
        written: impl Fn(&ItemSeen) -> serde_json::Result<Vec<u8>>,
    ) -> Result<Stored, EditItemError> {
        let id = id.unwrap_or_else(|| ItemId::from_uuid(self.clock.new_id()));
        let item = Item { id, store, version: 1, draft: draft.checked()? };
        let mut tx = self.db.begin().await?;
        let outcome = self.create_menu_item_in(&mut tx, by, key, item, written).await;
        let answer = end(tx, outcome).await?;
        self.shelves.forget(store).await;
        Ok(answer)
    }

    async fn create_menu_item_in(
        &self,
        tx: &mut Tx,
        by: &Principal,
        key: &Key,
        item: Item,
        written: impl Fn(&ItemSeen) -> serde_json::Result<Vec<u8>>,
    ) -> Result<Stored, EditItemError> {
        let now = self.clock.now();
        let asked = Asked { by, route: ROUTE, key: &key.text };
        match answers::claim(tx, asked, &key.fingerprint, now).await? {
            Claim::First => {}
            Claim::Again(answer) => return Ok(given(answer, true)),
            Claim::Reused => return Err(EditItemError::KeyReused),
        }
        let of = lock_catalogue(tx, by, item.store).await?;
        check(tx, &item).await?;

        let seen = if store::items::insert(tx, &item, &of.draft.cell, now).await? {
            settle(tx, &of, item).await?
        } else {
            let there = store::items::find(tx, of.id, &ItemNamed::Id(item.id)).await?;
            let same = there.filter(|there| there.draft == item.draft);
            show(tx, of.draft.currency, same.ok_or(EditItemError::ItemExists)?).await?
        };

        let answer = Kept {
            status: StatusCode::CREATED.as_u16(),
            location: Some(format!("/v1/menu/{}", seen.item.id)),
            body: written(&seen)?,
        };
        answers::keep(tx, asked, &answer).await?;
        Ok(given(answer, false))
    }
}
