//! Our words and the contract's.

use common::types::{Class, ItemId, Text};
use inventory_contract::{
    catalogue::{PublishedItem, PublishedOption},
    http,
};
use service_kit::Problem;

use crate::{
    app::{self, ItemSeen, Menu},
    domain::{
        Change, Choice, Component, ItemDraft, ItemNamed, Line, Moved, MovementKind, Plain,
        Portions, State, Store, StoreDraft, Unit,
    },
};

pub(super) fn store(store: Store, distance_m: Option<f64>) -> http::Store {
    let draft = store.draft;
    http::Store {
        store_id: store.id,
        slug: draft.slug,
        name: draft.name,
        partner_id: draft.partner_id,
        cell: draft.cell,
        currency: draft.currency,
        time_zone: draft.time_zone,
        location: draft.location,
        open: draft.open,
        radius_m: draft.radius_m,
        delivery_fee_minor: draft.delivery_fee_minor,
        order_min_minor: draft.order_min_minor,
        tax_bp: draft.tax_bp,
        accepts_automatically: draft.accepts_automatically,
        distance_m: distance_m.map(whole),
        version: store.version,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "no two places are 2^63 metres apart")]
fn whole(metres: f64) -> i64 {
    metres.round() as i64
}

pub(super) fn store_draft(body: http::PutStore) -> StoreDraft {
    StoreDraft {
        slug: body.slug.into(),
        name: body.name.into(),
        partner_id: body.partner_id,
        cell: body.cell,
        currency: body.currency,
        time_zone: body.time_zone.into(),
        location: body.location,
        open: body.open,
        radius_m: body.radius_m.into(),
        delivery_fee_minor: body.delivery_fee_minor.into(),
        order_min_minor: body.order_min_minor.into(),
        tax_bp: body.tax_bp.into(),
        accepts_automatically: body.accepts_automatically,
    }
}

pub(super) fn item_draft(body: http::PutItem) -> ItemDraft {
    ItemDraft {
        slug: body.slug.into(),
        name: body.name.into(),
        description: body.description.into(),
        category: body.category.into(),
        price_minor: body.price_minor.into(),
        station: body.station.into(),
        prep_s: body.prep_s.into(),
        allergens: texts(body.allergens),
        components: body.components.iter().map(component).collect(),
        options: body.options.into_iter().map(choice).collect(),
        on_menu: body.on_menu,
        low_at: body.low_at.into(),
        unit: unit(body.unit),
    }
}

fn choice(body: http::PutOption) -> Choice {
    Choice {
        slug: body.slug.into(),
        name: body.name.into(),
        price_minor: body.price_minor.into(),
        adds: body.adds.iter().map(component).collect(),
        removes: body.removes,
        replaces: body.replaces.map(|replaced| (replaced.item_id, replaced.with)),
        adds_allergens: texts(body.adds_allergens),
        removes_allergens: texts(body.removes_allergens),
    }
}

fn component(body: &http::Component) -> Component {
    Component { item: body.item_id, amount: body.amount.into() }
}

fn texts<const MAX: usize>(texts: Vec<Text<MAX>>) -> Vec<String> {
    texts.into_iter().map(String::from).collect()
}

const fn unit(unit: http::Unit) -> Unit {
    match unit {
        http::Unit::Pieces => Unit::Pieces,
        http::Unit::Grams => Unit::Grams,
        http::Unit::Millilitres => Unit::Millilitres,
    }
}

/// The id in the body, where there is one, is the id in the path.
pub(super) fn same_item(path: ItemId, body: &http::PutItem) -> Result<(), Problem> {
    match body.item_id {
        Some(other) if other != path => Err(another_item()),
        _ => Ok(()),
    }
}

/// The id in an old body is the id in the path, where both are there.
pub(super) fn same_plain_item(path: &ItemNamed, body: &http::PutFlatItem) -> Result<(), Problem> {
    match (path, body.item_id) {
        (ItemNamed::Id(path), Some(other)) if other != *path => Err(another_item()),
        _ => Ok(()),
    }
}

fn another_item() -> Problem {
    Problem::new(Class::Invalid, "invalid-item")
        .saying("the body names another item than the path")
        .pointing("/item_id", "leave it out, or name the item of the path")
}

pub(super) fn plain(body: http::PutFlatItem) -> Plain {
    Plain {
        name: body.name.into(),
        price: body.price,
        description: body.description.map(String::from),
        category: body.category.map(String::from),
    }
}

pub(super) fn level(portions: Portions) -> http::Level {
    if portions.saleable() <= 0 {
        http::Level::OutOfStock
    } else if portions.low {
        http::Level::LowStock
    } else {
        http::Level::InStock
    }
}

pub(super) fn item_seen(seen: &ItemSeen) -> http::MenuItem {
    let draft = seen.item.draft.clone();
    http::MenuItem {
        item_id: seen.item.id,
        slug: draft.slug,
        name: draft.name,
        description: draft.description,
        category: draft.category,
        price_minor: draft.price_minor,
        currency: seen.currency,
        allergens: draft.allergens,
        options: draft.options.into_iter().map(option).collect(),
        saleable: seen.portions.saleable(),
        level: level(seen.portions),
        version: seen.item.version,
    }
}

fn option(choice: Choice) -> PublishedOption {
    PublishedOption {
        slug: choice.slug,
        name: choice.name,
        price_minor: choice.price_minor,
        adds_allergens: choice.adds_allergens,
        removes_allergens: choice.removes_allergens,
    }
}

pub(super) fn menu_item(menu: &Menu, item: &PublishedItem) -> http::MenuItem {
    let portions = menu.portions(item.item_id);
    let item_of = item.clone();
    http::MenuItem {
        item_id: item_of.item_id,
        slug: item_of.slug,
        name: item_of.name,
        description: item_of.description,
        category: item_of.category,
        price_minor: item_of.price_minor,
        currency: menu.document.terms.currency,
        allergens: item_of.allergens,
        options: item_of.options,
        saleable: portions.saleable(),
        level: level(portions),
        version: menu.version_of(item.item_id),
    }
}

/// The menu under its headings, which come in the order of the document.
pub(super) fn menu(menu: &Menu) -> http::Menu {
    let mut categories: Vec<http::MenuCategory> = Vec::new();
    for item in &menu.document.items {
        let shown = menu_item(menu, item);
        match categories.last_mut() {
            Some(last) if last.name == item.category => last.items.push(shown),
            _ => categories
                .push(http::MenuCategory { name: item.category.clone(), items: vec![shown] }),
        }
    }
    let terms = &menu.document.terms;
    http::Menu {
        store_id: terms.store_id,
        menu_version: menu.version,
        currency: terms.currency,
        categories,
    }
}

/// A price is at most 10 000 000 minor units, which fits.
fn whole_units(price_minor: i64) -> f64 {
    f64::from(i32::try_from(price_minor).unwrap_or(i32::MAX)) / 100.0
}

pub(super) fn plain_item(seen: &ItemSeen, stock: i64) -> http::FlatItem {
    let draft = &seen.item.draft;
    http::FlatItem {
        item_id: seen.item.id,
        name: draft.name.clone(),
        price: whole_units(draft.price_minor),
        description: draft.description.clone(),
        category: draft.category.clone(),
        stock,
    }
}

pub(super) fn flat_item(menu: &Menu, item: &PublishedItem) -> http::FlatItem {
    http::FlatItem {
        item_id: item.item_id,
        name: item.name.clone(),
        price: whole_units(item.price_minor),
        description: item.description.clone(),
        category: item.category.clone(),
        stock: menu.portions(item.item_id).saleable(),
    }
}

pub(super) fn stock_level(of: &app::Level) -> http::StockLevel {
    http::StockLevel {
        store_id: of.store,
        item_id: of.item,
        on_hand: of.portions.on_hand,
        reserved: of.portions.reserved,
        incoming: 0,
        saleable: of.portions.saleable(),
        level: level(of.portions),
        as_of: of.as_of,
    }
}

pub(super) fn stock_change(body: &http::SetStock) -> Result<(Change, MovementKind), Problem> {
    change(body.on_hand, body.delta, body.reason)
}

pub(super) fn stock_change_old(
    body: &http::SetStockOld,
) -> Result<(Change, MovementKind), Problem> {
    change(body.on_hand, body.delta, body.reason.unwrap_or(http::StockReason::Adjustment))
}

fn change(
    on_hand: Option<u32>,
    delta: Option<i32>,
    reason: http::StockReason,
) -> Result<(Change, MovementKind), Problem> {
    let change = match (on_hand, delta) {
        (Some(on_hand), None) => Change::To(on_hand.into()),
        (None, Some(delta)) => Change::By(delta.into()),
        _ => {
            return Err(Problem::new(Class::Invalid, "invalid-stock-change")
                .saying("say what lies there or what came, not both")
                .pointing("/on_hand", "either this or delta"));
        }
    };
    let kind = match reason {
        http::StockReason::Receipt => MovementKind::Receipt,
        http::StockReason::Adjustment => MovementKind::Adjustment,
        http::StockReason::Count => MovementKind::Count,
        http::StockReason::Waste => MovementKind::Waste,
    };
    Ok((change, kind))
}

pub(super) fn movement(moved: Moved) -> http::Movement {
    http::Movement {
        movement_id: moved.id,
        kind: moved.kind,
        quantity: moved.quantity,
        order_id: moved.order,
        at: moved.at,
    }
}

pub(super) fn line(body: http::ReserveLine) -> Line {
    Line { item: body.item_id, quantity: body.quantity, options: texts(body.options) }
}

pub(super) fn reservation(order_id: common::types::OrderId, state: State) -> http::Reservation {
    http::Reservation { order_id, state: state.as_str().to_owned() }
}
