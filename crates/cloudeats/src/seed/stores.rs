//! The seeded stores.

use common::types::{Cell, Currency, GeoPoint, StoreId, Text};
use inventory_contract::http::{PutItem, PutStore};
use uuid::Uuid;

use super::{cafe, grocer, id_of};

/// A store of the seed.
#[derive(Debug)]
pub struct StoreSeed {
    /// Its name in addresses.
    pub slug: &'static str,
    name: &'static str,
    /// The cell that owns its rows.
    pub cell: &'static str,
    time_zone: &'static str,
    at: (f64, f64),
    sells: Sells,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sells {
    Coffee,
    Groceries,
}

/// How far the stores deliver.
pub const RADIUS_M: u32 = 3_000;

/// The café in two cells, and a grocer beside the first.
pub const STORES: [StoreSeed; 3] = [
    StoreSeed {
        slug: "cafe-east",
        name: "Café Direct, East Village",
        cell: "east-a",
        time_zone: "America/New_York",
        at: (40.7290, -73.9870),
        sells: Sells::Coffee,
    },
    StoreSeed {
        slug: "cafe-west",
        name: "Café Direct, Pike Place",
        cell: "west-a",
        time_zone: "America/Los_Angeles",
        at: (47.6097, -122.3400),
        sells: Sells::Coffee,
    },
    StoreSeed {
        slug: "grocer-east",
        name: "Direct Grocer",
        cell: "east-a",
        time_zone: "America/New_York",
        at: (40.7322, -73.9850),
        sells: Sells::Groceries,
    },
];

impl StoreSeed {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        id_of(&format!("store/{}", self.slug))
    }

    /// What it has and sells, components first.
    #[must_use]
    pub fn items(&self) -> Vec<Stocked> {
        match self.sells {
            Sells::Coffee => cafe::items(self),
            Sells::Groceries => grocer::items(self),
        }
    }

    /// The id of one of its items.
    #[must_use]
    pub fn item_id(&self, slug: &str) -> Uuid {
        id_of(&format!("item/{}/{slug}", self.slug))
    }

    pub(super) fn put(&self) -> anyhow::Result<PutStore> {
        let (lat, lon) = self.at;
        let partner = match self.sells {
            Sells::Coffee => "partner/cafe-direct",
            Sells::Groceries => "partner/direct-grocer",
        };
        Ok(PutStore {
            slug: Text::new(self.slug)?,
            name: Text::new(self.name)?,
            partner_id: id_of(partner),
            cell: Cell::parse(self.cell)?,
            currency: Currency::USD,
            time_zone: Text::new(self.time_zone)?,
            location: GeoPoint::new(lat, lon)?,
            open: true,
            radius_m: RADIUS_M,
            delivery_fee_minor: 290,
            order_min_minor: 0,
            tax_bp: 800,
            accepts_automatically: true,
        })
    }

    pub(super) fn store_id(&self) -> StoreId {
        StoreId::from_uuid(self.id())
    }
}

/// An item with what lies there at the beginning; nothing where it is made of others.
#[derive(Debug)]
pub struct Stocked {
    /// The item.
    pub item: PutItem,
    /// How much of it there is.
    pub opening: Option<u32>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_cafe_has_its_twelve_items_twice_and_the_grocer_forty() {
        let on_menu =
            |store: &StoreSeed| store.items().iter().filter(|stocked| stocked.item.on_menu).count();
        assert_eq!(STORES.iter().map(on_menu).collect::<Vec<_>>(), [12, 12, 40]);
        assert_eq!(STORES.iter().map(|s| s.cell).collect::<BTreeSet<_>>().len(), 2);
    }

    #[test]
    fn every_component_is_an_item_with_stock_that_comes_before() {
        for store in &STORES {
            let mut known = BTreeSet::new();
            for Stocked { item, opening } in store.items() {
                let options = &item.options;
                let parts = item.components.iter().map(|part| part.item_id);
                let parts =
                    parts.chain(options.iter().flat_map(|o| o.adds.iter().map(|a| a.item_id)));
                let parts =
                    parts.chain(options.iter().filter_map(|o| o.replaces.as_ref()).map(|r| r.with));
                assert!(parts.clone().all(|part| known.contains(&part)), "{:?}", item.item_id);
                assert_eq!(opening.is_some(), item.components.is_empty());
                let id = item.item_id.unwrap();
                if opening.is_some() {
                    known.insert(id);
                }
            }
        }
    }

    #[test]
    fn ids_are_the_same_every_time_and_all_differ() {
        let ids: Vec<Uuid> = STORES
            .iter()
            .flat_map(|store| store.items().into_iter().filter_map(|it| it.item.item_id))
            .map(common::types::ItemId::as_uuid)
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert_eq!(STORES[0].id().to_string(), id_of("store/cafe-east").to_string());
    }
}
