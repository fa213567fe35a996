//! The café's menu (FEATURES 2.19).

use common::types::{ItemId, StoreId, Text};
use inventory_contract::http::{Component, PutItem, PutOption, Replacement, Unit};

use super::stores::{Stocked, StoreSeed};

struct Supply(&'static str, &'static str, u32, u32, Unit);

const SUPPLIES: [Supply; 6] = [
    Supply("beans", "Coffee beans", 5_000, 1_000, Unit::Grams),
    Supply("filter-beans", "Filter coffee beans", 2_000, 400, Unit::Grams),
    Supply("milk", "Milk", 20_000, 4_000, Unit::Millilitres),
    Supply("oat", "Oat milk", 6_000, 1_000, Unit::Millilitres),
    Supply("soy", "Soy milk", 6_000, 1_000, Unit::Millilitres),
    Supply("cocoa", "Cocoa", 1_000, 200, Unit::Grams),
];

struct Drink {
    slug: &'static str,
    name: &'static str,
    price_minor: u32,
    station: &'static str,
    prep_s: u16,
    parts: &'static [(&'static str, u32)],
}

#[rustfmt::skip]
const DRINKS: [Drink; 12] = [
    Drink { slug: "espresso", name: "Espresso", price_minor: 350, station: "bar", prep_s: 45, parts: &[("beans", 9)] },
    Drink { slug: "double-espresso", name: "Double espresso", price_minor: 425, station: "bar", prep_s: 55, parts: &[("beans", 18)] },
    Drink { slug: "macchiato", name: "Macchiato", price_minor: 410, station: "bar", prep_s: 60, parts: &[("beans", 9), ("milk", 15)] },
    Drink { slug: "americano", name: "Americano", price_minor: 395, station: "bar", prep_s: 60, parts: &[("beans", 18)] },
    Drink { slug: "cortado", name: "Cortado", price_minor: 445, station: "bar", prep_s: 75, parts: &[("beans", 18), ("milk", 60)] },
    Drink { slug: "cappuccino", name: "Cappuccino", price_minor: 475, station: "bar", prep_s: 90, parts: &[("beans", 18), ("milk", 120)] },
    Drink { slug: "flat-white", name: "Flat white", price_minor: 495, station: "bar", prep_s: 90, parts: &[("beans", 18), ("milk", 130)] },
    Drink { slug: "latte", name: "Caffè latte", price_minor: 525, station: "bar", prep_s: 95, parts: &[("beans", 18), ("milk", 220)] },
    Drink { slug: "mocha", name: "Mocha", price_minor: 575, station: "bar", prep_s: 120, parts: &[("beans", 18), ("milk", 200), ("cocoa", 20)] },
    Drink { slug: "filter-coffee", name: "Filter coffee", price_minor: 325, station: "brew", prep_s: 30, parts: &[("filter-beans", 15)] },
    Drink { slug: "cold-brew", name: "Cold brew, bottle", price_minor: 500, station: "cold", prep_s: 20, parts: &[] },
    Drink { slug: "iced-latte", name: "Iced latte", price_minor: 550, station: "cold", prep_s: 80, parts: &[("beans", 18), ("milk", 200)] },
];

const BOTTLES: u32 = 24;
const BOTTLES_LOW: u32 = 6;

/// Components, then drinks.
pub(super) fn items(store: &StoreSeed) -> Vec<Stocked> {
    let supplies = SUPPLIES.iter().map(|supply| stocked(store, supply));
    let drinks = DRINKS.iter().map(|drink| {
        let own = drink.parts.is_empty();
        Stocked { item: item(store, drink), opening: own.then_some(BOTTLES) }
    });
    supplies.chain(drinks).collect()
}

fn stocked(store: &StoreSeed, supply: &Supply) -> Stocked {
    let Supply(slug, name, opening, low_at, unit) = *supply;
    let item = PutItem {
        store_id: StoreId::from_uuid(store.id()),
        item_id: Some(id(store, slug)),
        slug: text(slug),
        name: text(name),
        description: text(""),
        category: text("ingredients"),
        price_minor: 0,
        station: text("bar"),
        prep_s: 0,
        allergens: Vec::new(),
        components: Vec::new(),
        options: Vec::new(),
        on_menu: false,
        low_at,
        unit,
    };
    Stocked { item, opening: Some(opening) }
}

fn item(store: &StoreSeed, drink: &Drink) -> PutItem {
    let milky = drink.parts.iter().any(|(slug, _)| *slug == "milk");
    let part =
        |(slug, amount): &(&str, u32)| Component { item_id: id(store, slug), amount: *amount };
    PutItem {
        store_id: StoreId::from_uuid(store.id()),
        item_id: Some(id(store, drink.slug)),
        slug: text(drink.slug),
        name: text(drink.name),
        description: text(""),
        category: text(if drink.station == "cold" { "Cold" } else { "Coffee" }),
        price_minor: drink.price_minor,
        station: text(drink.station),
        prep_s: drink.prep_s,
        allergens: if milky { vec![text("milk")] } else { Vec::new() },
        components: drink.parts.iter().map(part).collect(),
        options: options(store, drink, milky),
        on_menu: true,
        low_at: if drink.parts.is_empty() { BOTTLES_LOW } else { 0 },
        unit: Unit::Pieces,
    }
}

fn options(store: &StoreSeed, drink: &Drink, milky: bool) -> Vec<PutOption> {
    if drink.parts.is_empty() {
        return Vec::new();
    }
    let mut options = vec![option("large", "Large", 80), option("syrup", "Syrup", 60)];
    if drink.parts.iter().any(|(slug, _)| *slug == "beans") {
        let adds = vec![Component { item_id: id(store, "beans"), amount: 9 }];
        options.push(PutOption { adds, ..option("extra-shot", "Extra shot", 90) });
    }
    if milky {
        let instead =
            |with: &str| Replacement { item_id: id(store, "milk"), with: id(store, with) };
        options.push(PutOption {
            replaces: Some(instead("oat")),
            removes_allergens: vec![text("milk")],
            ..option("oat-milk", "Oat milk", 70)
        });
        options.push(PutOption {
            replaces: Some(instead("soy")),
            adds_allergens: vec![text("soy")],
            removes_allergens: vec![text("milk")],
            ..option("soy-milk", "Soy milk", 60)
        });
    }
    options
}

fn option(slug: &str, name: &str, price_minor: u32) -> PutOption {
    PutOption {
        slug: text(slug),
        name: text(name),
        price_minor,
        adds: Vec::new(),
        removes: Vec::new(),
        replaces: None,
        adds_allergens: Vec::new(),
        removes_allergens: Vec::new(),
    }
}

fn id(store: &StoreSeed, slug: &str) -> ItemId {
    ItemId::from_uuid(store.item_id(slug))
}

/// Words of ours, which are short and plain.
pub(super) fn text<const MAX: usize>(words: &str) -> Text<MAX> {
    Text::new(words).unwrap_or_default()
}
