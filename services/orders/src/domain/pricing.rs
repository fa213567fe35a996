//! What an order costs. The server's prices are the only ones.

use common::types::{GeoPoint, ItemId, Money, MoneyError, Quantity, Timestamp};
use jiff::SignedDuration;

use super::{Address, Fulfilment, Line, Menu, MenuItem, Totals};

/// The dearest order that is taken.
const TOTAL_MINOR_MAX: i64 = 100_000_000;
/// How fast a courier is on average, for promises made before one is known.
const COURIER_MPS: f64 = 4.0;
/// For handing over at both ends.
const HANDOVER_S: i64 = 240;

/// What a customer asks for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) fulfilment: Fulfilment,
    pub(crate) lines: Vec<AskLine>,
    pub(crate) address: Option<Address>,
    pub(crate) tip_minor: i64,
}

/// A line of what a customer asks for.
#[derive(Debug, Clone)]
pub(crate) struct AskLine {
    pub(crate) item: ItemId,
    pub(crate) quantity: Quantity,
    pub(crate) options: Vec<String>,
    pub(crate) note: Option<String>,
}

/// Why what was asked for has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PriceError {
    /// The store takes no orders now.
    #[error("the store is closed")]
    StoreClosed,
    /// No lines, or more than 50.
    #[error("an order has 1 to 50 lines")]
    LineCount,
    /// Not on the published menu.
    #[error("line {line} names an item that is not on the menu")]
    UnknownItem {
        /// Its place in the list, from 0.
        line: usize,
    },
    /// Not offered with the item, or chosen twice.
    #[error("line {line} names an option that its item does not have, or one twice")]
    UnknownOption {
        /// Its place in the list, from 0.
        line: usize,
    },
    /// A delivery without an address.
    #[error("a delivery needs an address")]
    NoAddress,
    /// Farther than the store delivers.
    #[error("the address is outside the delivery area")]
    OutsideArea,
    /// Less than the store sends out.
    #[error("the goods are worth less than the store's minimum of {0} minor units")]
    BelowMinimum(i64),
    /// More than is taken.
    #[error("the total is too large")]
    TooDear,
}

impl From<MoneyError> for PriceError {
    fn from(_: MoneyError) -> Self {
        Self::TooDear
    }
}

/// Prices `ask` from `menu`: the lines, what they cost, and by when they should be there.
pub(crate) fn price(
    menu: &Menu,
    ask: &Ask,
    now: Timestamp,
) -> Result<(Vec<Line>, Totals, Timestamp), PriceError> {
    let terms = &menu.terms;
    if !terms.open {
        return Err(PriceError::StoreClosed);
    }
    if !(1..=super::LINES_MAX).contains(&ask.lines.len()) {
        return Err(PriceError::LineCount);
    }
    let distance_m = match (ask.fulfilment, &ask.address) {
        (Fulfilment::Pickup, _) => 0.0,
        (Fulfilment::Delivery, None) => return Err(PriceError::NoAddress),
        (Fulfilment::Delivery, Some(address)) => reach(menu, address.place)?,
    };

    let mut subtotal = Money::new(0, terms.currency);
    let mut lines = Vec::with_capacity(ask.lines.len());
    for (place, line) in ask.lines.iter().enumerate() {
        let item = menu.items.get(&line.item).ok_or(PriceError::UnknownItem { line: place })?;
        let priced = price_line(item, line, terms.currency, place)?;
        subtotal = subtotal.plus(Money::new(priced.total_minor, terms.currency))?;
        lines.push(priced);
    }
    if subtotal.minor() < terms.order_min_minor {
        return Err(PriceError::BelowMinimum(terms.order_min_minor));
    }

    let totals = add_up(menu, ask, subtotal)?;
    let promise_at = promise(&lines, distance_m, ask.fulfilment, now);
    Ok((lines, totals, promise_at))
}

fn reach(menu: &Menu, place: GeoPoint) -> Result<f64, PriceError> {
    let distance_m = menu.terms.location.distance_m(place);
    #[expect(clippy::cast_precision_loss, reason = "a radius has few digits")]
    let radius_m = menu.terms.radius_m as f64;
    if distance_m > radius_m { Err(PriceError::OutsideArea) } else { Ok(distance_m) }
}

fn price_line(
    item: &MenuItem,
    line: &AskLine,
    currency: common::types::Currency,
    place: usize,
) -> Result<Line, PriceError> {
    let mut unit = Money::new(item.price_minor, currency);
    let mut allergens = item.allergens.clone();
    for (at, slug) in line.options.iter().enumerate() {
        let twice = line.options.iter().take(at).any(|earlier| earlier == slug);
        let option = item.options.iter().find(|option| option.slug == *slug);
        let option = option.filter(|_| !twice).ok_or(PriceError::UnknownOption { line: place })?;
        unit = unit.plus(Money::new(option.price_minor, currency))?;
        allergens.retain(|allergen| !option.removes_allergens.contains(allergen));
        allergens.extend(option.adds_allergens.iter().cloned());
    }
    allergens.sort_unstable();
    allergens.dedup();
    Ok(Line {
        item: item.item,
        name: item.name.clone(),
        quantity: line.quantity,
        options: line.options.clone(),
        note: line.note.clone(),
        unit_minor: unit.minor(),
        total_minor: unit.times(line.quantity)?.minor(),
        station: item.station.clone(),
        prep_s: item.prep_s,
        allergens,
    })
}

fn add_up(menu: &Menu, ask: &Ask, subtotal: Money) -> Result<Totals, PriceError> {
    let terms = &menu.terms;
    let fee = match ask.fulfilment {
        Fulfilment::Delivery => terms.delivery_fee_minor,
        Fulfilment::Pickup => 0,
    };
    let total = subtotal
        .plus(Money::new(fee, terms.currency))?
        .plus(Money::new(ask.tip_minor, terms.currency))?;
    if total.minor() > TOTAL_MINOR_MAX {
        return Err(PriceError::TooDear);
    }
    Ok(Totals {
        subtotal_minor: subtotal.minor(),
        tax_minor: tax_inside(subtotal.minor(), terms.tax_bp),
        delivery_fee_minor: fee,
        tip_minor: ask.tip_minor,
        total_minor: total.minor(),
        currency: terms.currency,
    })
}

/// The tax inside a price of `gross_minor` at `tax_bp` basis points, rounded half up once.
fn tax_inside(gross_minor: i64, tax_bp: i64) -> i64 {
    let whole = i128::from(10_000 + tax_bp);
    let tax = (i128::from(gross_minor) * i128::from(tax_bp) + whole / 2) / whole;
    i64::try_from(tax).unwrap_or(i64::MAX)
}

/// Preparation, way and hand-over, rounded up to five minutes.
fn promise(lines: &[Line], distance_m: f64, how: Fulfilment, now: Timestamp) -> Timestamp {
    let prep_s: i64 = lines.iter().map(|line| line.prep_s * i64::from(line.quantity)).sum();
    #[expect(clippy::cast_possible_truncation, reason = "a store's radius bounds the way")]
    let way_s = match how {
        Fulfilment::Pickup => 0,
        Fulfilment::Delivery => (distance_m / COURIER_MPS) as i64 + HANDOVER_S,
    };
    let all_s = (prep_s.min(4 * 3600) + way_s).max(300);
    let rounded_s = all_s.div_euclid(300) * 300 + if all_s % 300 == 0 { 0 } else { 300 };
    now.checked_add(SignedDuration::from_secs(rounded_s)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use common::types::{Cell, Currency};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{MenuOption, StoreTerms};

    fn latte() -> ItemId {
        ItemId::from_uuid(Uuid::from_u128(8))
    }

    fn a_menu() -> Menu {
        let option = |slug: &str, price_minor, adds: &[&str], removes: &[&str]| MenuOption {
            slug: slug.to_owned(),
            price_minor,
            adds_allergens: adds.iter().map(|word| (*word).to_owned()).collect(),
            removes_allergens: removes.iter().map(|word| (*word).to_owned()).collect(),
        };
        let item = MenuItem {
            item: latte(),
            name: "Caffè latte".to_owned(),
            price_minor: 525,
            station: "bar".to_owned(),
            prep_s: 95,
            allergens: vec!["milk".to_owned()],
            options: vec![
                option("large", 80, &[], &[]),
                option("soy-milk", 60, &["soy"], &["milk"]),
            ],
        };
        let terms = StoreTerms {
            name: "Café".to_owned(),
            cell: Cell::parse("east-a").unwrap(),
            currency: Currency::USD,
            location: GeoPoint::new(42.5, 1.5).unwrap(),
            open: true,
            radius_m: 5_000,
            delivery_fee_minor: 290,
            order_min_minor: 300,
            tax_bp: 800,
            accepts_automatically: true,
        };
        Menu { version: 1, terms, items: HashMap::from([(latte(), item)]) }
    }

    fn line(quantity: u8, options: &[&str]) -> AskLine {
        AskLine {
            item: latte(),
            quantity: Quantity::new(quantity).unwrap(),
            options: options.iter().map(|slug| (*slug).to_owned()).collect(),
            note: None,
        }
    }

    fn pickup(lines: Vec<AskLine>) -> Ask {
        Ask { fulfilment: Fulfilment::Pickup, lines, address: None, tip_minor: 0 }
    }

    fn address(lat: f64) -> Address {
        let place = GeoPoint::new(lat, 1.5).unwrap();
        Address { place, text: "1 Main Street".to_owned(), instructions: None }
    }

    #[test]
    fn options_change_price_and_allergens() {
        let ask = pickup(vec![line(2, &["large", "soy-milk"])]);
        let (lines, totals, _) = price(&a_menu(), &ask, Timestamp::UNIX_EPOCH).unwrap();

        assert_eq!(lines[0].unit_minor, 665);
        assert_eq!(lines[0].allergens, ["soy"]);
        assert_eq!(totals.total_minor, 1_330);
        assert_eq!(totals.tax_minor, 99); // 1330 * 8 / 108 = 98.52
    }

    #[test]
    fn what_cannot_be_priced_says_why() {
        let unknown = AskLine { item: ItemId::from_uuid(Uuid::nil()), ..line(1, &[]) };
        let far = Ask {
            fulfilment: Fulfilment::Delivery,
            address: Some(address(42.6)),
            ..pickup(vec![line(1, &[])])
        };
        let nowhere = Ask { fulfilment: Fulfilment::Delivery, ..pickup(vec![line(1, &[])]) };
        let table = [
            (pickup(vec![]), PriceError::LineCount),
            (pickup(vec![line(1, &[]); 51]), PriceError::LineCount),
            (pickup(vec![line(1, &[]), unknown]), PriceError::UnknownItem { line: 1 }),
            (pickup(vec![line(1, &["gold"])]), PriceError::UnknownOption { line: 0 }),
            (pickup(vec![line(1, &["large", "large"])]), PriceError::UnknownOption { line: 0 }),
            (far, PriceError::OutsideArea),
            (nowhere, PriceError::NoAddress),
            (Ask { tip_minor: TOTAL_MINOR_MAX, ..pickup(vec![line(1, &[])]) }, PriceError::TooDear),
        ];
        for (ask, expected) in table {
            let refused = price(&a_menu(), &ask, Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(refused, expected);
        }
    }

    #[test]
    fn a_closed_store_takes_nothing() {
        let mut menu = a_menu();
        menu.terms.open = false;
        let refused = price(&menu, &pickup(vec![line(1, &[])]), Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(refused, PriceError::StoreClosed);
    }

    #[test]
    fn a_delivery_pays_its_fee_and_is_promised_later() {
        let ask = Ask {
            fulfilment: Fulfilment::Delivery,
            address: Some(address(42.51)),
            tip_minor: 100,
            ..pickup(vec![line(1, &[])])
        };
        let (_, totals, promise_at) = price(&a_menu(), &ask, Timestamp::UNIX_EPOCH).unwrap();

        assert_eq!(totals.total_minor, 525 + 290 + 100);
        assert_eq!(promise_at.as_second(), 900); // 95 + 278 + 240 s, rounded up to five minutes
    }

    proptest! {
        #[test]
        fn a_total_is_the_sum_of_its_parts_and_tax_never_exceeds_the_goods(
            quantities in proptest::collection::vec(1_u8..=99, 1..=50), tip in 0_i64..1_000_000,
        ) {
            let lines = quantities.iter().map(|quantity| line(*quantity, &["large"])).collect();
            let ask = Ask { tip_minor: tip, ..pickup(lines) };
            let (lines, totals, _) = price(&a_menu(), &ask, Timestamp::UNIX_EPOCH).unwrap();

            let goods: i64 = quantities.iter().map(|quantity| 605 * i64::from(*quantity)).sum();
            prop_assert_eq!(lines.iter().map(|line| line.total_minor).sum::<i64>(), goods);
            prop_assert_eq!(totals.subtotal_minor, goods);
            prop_assert_eq!(totals.total_minor, goods + tip);
            prop_assert!((0..=goods).contains(&totals.tax_minor));
        }
    }
}
