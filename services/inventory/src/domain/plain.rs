//! Items as clients of old say them: a name, a price and little else.

use super::{InvalidItem, ItemDraft, Unit, words::slug_of};

/// What an old client says about an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plain {
    pub(crate) name: String,
    /// In whole units of the currency, such as 3.5.
    pub(crate) price: f64,
    pub(crate) description: Option<String>,
    pub(crate) category: Option<String>,
}

/// A hundredth of a whole unit is the least that these prices can say.
const MINOR_PER_UNIT: f64 = 100.0;
const PRICE_MAX: f64 = 100_000.0;
/// Where nothing is said: something that is handed over as it is.
const CATEGORY: &str = "Menu";
const STATION: &str = "bar";
const PREP_S: i64 = 60;
const LOW_AT: i64 = 10;

impl Plain {
    /// A new item, named in addresses as in words.
    pub(crate) fn into_new(self) -> Result<ItemDraft, InvalidItem> {
        let there = ItemDraft {
            slug: slug_of(&self.name).ok_or(InvalidItem::Slug)?,
            name: String::new(),
            description: String::new(),
            category: CATEGORY.to_owned(),
            price_minor: 0,
            station: STATION.to_owned(),
            prep_s: PREP_S,
            allergens: Vec::new(),
            components: Vec::new(),
            options: Vec::new(),
            on_menu: true,
            low_at: LOW_AT,
            unit: Unit::Pieces,
        };
        self.over(there)
    }

    /// An item that is there, with what is said here; all else stays.
    pub(crate) fn over(self, there: ItemDraft) -> Result<ItemDraft, InvalidItem> {
        Ok(ItemDraft {
            price_minor: minor(self.price)?,
            name: self.name,
            description: self.description.unwrap_or(there.description),
            category: self.category.unwrap_or(there.category),
            ..there
        })
    }
}

fn minor(price: f64) -> Result<i64, InvalidItem> {
    if !(0.0..=PRICE_MAX).contains(&price) {
        return Err(InvalidItem::Price);
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let minor = (price * MINOR_PER_UNIT).round() as i64;
    Ok(minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(price: f64) -> Plain {
        Plain { name: "Flat White".into(), price, description: None, category: None }
    }

    #[test]
    fn what_is_said_is_taken_and_all_else_stays() {
        let new = plain(4.35).into_new().unwrap();
        assert_eq!((new.slug.as_str(), new.price_minor), ("flat-white", 435));
        assert_eq!((new.category.as_str(), new.on_menu), ("Menu", true));

        let there = ItemDraft { station: "pick".into(), low_at: 2, ..new };
        let renamed = Plain { category: Some("Coffee".into()), ..plain(4.5) };
        let changed = renamed.over(there.clone()).unwrap();
        assert_eq!(changed, ItemDraft { price_minor: 450, category: "Coffee".into(), ..there });
    }

    #[test]
    fn a_price_is_a_number_that_money_can_be() {
        for price in [-0.01, 100_000.01, f64::NAN, f64::INFINITY] {
            assert_eq!(plain(price).into_new(), Err(InvalidItem::Price), "{price}");
        }
    }

    #[test]
    fn a_name_without_letters_that_addresses_know_is_refused() {
        let kanji = Plain { name: "珈琲".into(), ..plain(1.0) };
        assert_eq!(kanji.into_new(), Err(InvalidItem::Slug));
    }
}
