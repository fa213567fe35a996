//! A store with one product, set up as services ask one another.

use std::sync::Arc;

use anyhow::ensure;
use bytes::Bytes;
use cloudeats::ports::Door;
use cloudeats::site::Site;
use common::types::{
    Cell, Clock, Currency, GeoPoint, ItemId, Principal, Role, StoreId, SystemClock, Text,
};
use hyper::Method;
use inventory_contract::http::{PutItem, PutStore, SetStock, StockReason, Unit};
use serde::Serialize;
use service_kit::Signer;
use uuid::Uuid;

use super::buyer::{Buyer, Promises};
use crate::client::Wire;

/// More than will be sold.
const STOCK: u32 = 1_000_000_000;
const AUDIENCE: &str = "inventory";

/// What is sold, and to whom.
pub(super) struct Shelf {
    pub(super) store: StoreId,
    item: ItemId,
    wire: Wire,
    signer: Signer,
    pub(super) promises: Promises,
}

impl Shelf {
    /// Fills the shelf.
    pub(super) async fn fill(site: &Site) -> anyhow::Result<Self> {
        let key = std::fs::read_to_string(site.key_file("orders"))?;
        let shelf = Self {
            store: StoreId::from_uuid(fresh()),
            item: ItemId::from_uuid(fresh()),
            wire: Wire::new(&site.http_url(Door::Inventory))?,
            signer: Signer::new("orders", &key.into(), Arc::new(SystemClock))?,
            promises: Promises::default(),
        };
        shelf.put(Method::PUT, &format!("/v1/stores/{}", shelf.store), &a_store()?).await?;
        shelf.put(Method::POST, "/v1/menu", &shelf.product()?).await?;
        let stock = SetStock {
            store_id: shelf.store,
            on_hand: Some(STOCK),
            delta: None,
            reason: StockReason::Receipt,
        };
        shelf.put(Method::PUT, &format!("/v1/inventory/{}", shelf.item), &stock).await?;
        Ok(shelf)
    }

    /// So many hands that want one each; their token is good for another phase.
    pub(super) fn buyers(&self, hands: usize) -> anyhow::Result<Vec<Buyer>> {
        let token = self.signer.token(AUDIENCE, self.signer.own_principal())?;
        let place = (self.store, self.item);
        let buyer = || Buyer::new(self.wire.clone(), token.clone(), place, self.promises.clone());
        Ok(std::iter::repeat_with(buyer).take(hands).collect())
    }

    async fn put(&self, method: Method, path: &str, body: &impl Serialize) -> anyhow::Result<()> {
        let admin = Principal { id: fresh(), roles: vec![Role::Admin], stores: Vec::new() };
        let token = self.signer.token(AUDIENCE, &admin)?;
        let body = Bytes::from(serde_json::to_vec(body)?);
        let key = fresh().to_string();
        let reply = self.wire.ask((method, path), &token, &key, body).await;
        let reply = reply.map_err(|failure| anyhow::anyhow!("{path}: {}", failure.0))?;
        let words = String::from_utf8_lossy(&reply.body);
        ensure!((200..300).contains(&reply.status), "{path}: {} {words}", reply.status);
        Ok(())
    }

    fn product(&self) -> anyhow::Result<PutItem> {
        Ok(PutItem {
            store_id: self.store,
            item_id: Some(self.item),
            slug: Text::new("cold-brew")?,
            name: Text::new("Cold brew")?,
            description: Text::new("The last of its kind")?,
            category: Text::new("Bottles")?,
            price_minor: 450,
            station: Text::new("pick")?,
            prep_s: 5,
            allergens: Vec::new(),
            components: Vec::new(),
            options: Vec::new(),
            on_menu: true,
            low_at: 10,
            unit: Unit::Pieces,
        })
    }
}

fn a_store() -> anyhow::Result<PutStore> {
    Ok(PutStore {
        slug: Text::new("bench")?,
        name: Text::new("Bench")?,
        partner_id: fresh(),
        cell: Cell::parse("east-a")?,
        currency: Currency::USD,
        time_zone: Text::new("America/New_York")?,
        location: GeoPoint::new(40.7290, -73.9870)?,
        open: true,
        radius_m: 3_000,
        delivery_fee_minor: 290,
        order_min_minor: 0,
        tax_bp: 800,
        accepts_automatically: true,
    })
}

fn fresh() -> Uuid {
    SystemClock.new_id()
}
