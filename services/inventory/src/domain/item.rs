//! Something sold, or a component of it.

use std::collections::HashSet;

use common::types::{ItemId, StoreId};

use super::words::is_slug;

const PARTS_MAX: usize = 20;
const OPTIONS_MAX: usize = 30;
const ALLERGENS_MAX: usize = 14;
/// A thousand tons in grams; sums of an order stay far below 64 bits.
const AMOUNT_MAX: i64 = 1_000_000_000;
const PRICE_MAX_MINOR: i64 = 10_000_000;

/// An item of a store, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: ItemId,
    pub(crate) store: StoreId,
    pub(crate) version: i64,
    pub(crate) draft: ItemDraft,
}

/// What a manager says about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemDraft {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) category: String,
    pub(crate) price_minor: i64,
    pub(crate) station: String,
    pub(crate) prep_s: i64,
    pub(crate) allergens: Vec<String>,
    /// Sorted by item; none: it has stock of its own.
    pub(crate) components: Vec<Component>,
    pub(crate) options: Vec<Choice>,
    pub(crate) on_menu: bool,
    pub(crate) low_at: i64,
    pub(crate) unit: Unit,
}

/// So much of another item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) item: ItemId,
    pub(crate) amount: i64,
}

/// What can be chosen with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) price_minor: i64,
    pub(crate) adds: Vec<Component>,
    pub(crate) removes: Vec<ItemId>,
    /// The second takes the place of the first, amount for amount.
    pub(crate) replaces: Option<(ItemId, ItemId)>,
    pub(crate) adds_allergens: Vec<String>,
    pub(crate) removes_allergens: Vec<String>,
}

/// What stock is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Pieces,
    Grams,
    Millilitres,
}

/// How an item is named in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemNamed {
    Id(ItemId),
    /// Unique within a store.
    Slug(String),
}

/// What is wrong with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidItem {
    #[error("a slug is 1 to 60 of a-z, 0-9 and -, and no UUID")]
    Slug,
    #[error("name, category and station are not empty")]
    Words,
    #[error("a price is at most 10000000 minor units")]
    Price,
    #[error("an item has at most 20 components, 30 options and 14 allergens")]
    TooMany,
    #[error("an amount is 1 to 1000000000")]
    Amount,
    #[error("a component or an option is named twice")]
    Twice,
    #[error("an item is no component of itself")]
    OfItself,
    #[error("a component is an item of the same store with stock of its own")]
    Component,
    #[error("an item that others are made of has no components")]
    UsedElsewhere,
}

impl ItemNamed {
    /// Reads an id or a slug.
    pub(crate) fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Slug(text.to_owned()), Self::Id)
    }
}

impl ItemDraft {
    /// The draft in its one order, if an item may be so, whatever else its store has.
    pub(crate) fn checked(mut self) -> Result<Self, InvalidItem> {
        let words = [&self.name, &self.category, &self.station];
        let options: HashSet<&str> =
            self.options.iter().map(|option| option.slug.as_str()).collect();
        if !is_slug(&self.slug) || !options.iter().all(|slug| is_slug(slug)) {
            return Err(InvalidItem::Slug);
        }
        if words.iter().any(|word| word.trim().is_empty()) {
            return Err(InvalidItem::Words);
        }
        if !self.prices().all(|price| (0..=PRICE_MAX_MINOR).contains(&price)) {
            return Err(InvalidItem::Price);
        }
        if self.components.len() > PARTS_MAX
            || self.options.len() > OPTIONS_MAX
            || self.options.iter().any(Choice::is_too_long)
            || self.allergens.len() > ALLERGENS_MAX
        {
            return Err(InvalidItem::TooMany);
        }
        if self.amounts().any(|amount| !(1..=AMOUNT_MAX).contains(&amount)) {
            return Err(InvalidItem::Amount);
        }
        let components: HashSet<ItemId> = self.components.iter().map(|part| part.item).collect();
        if components.len() != self.components.len() || options.len() != self.options.len() {
            return Err(InvalidItem::Twice);
        }
        self.components.sort_by_key(|part| part.item);
        Ok(self)
    }

    /// Every item that it names as a part; each has to have stock of its own.
    pub(crate) fn parts(&self) -> impl Iterator<Item = ItemId> {
        let of_options = self.options.iter().flat_map(|option| {
            let taken_instead = option.replaces.map(|(_, with)| with);
            option.adds.iter().map(|part| part.item).chain(taken_instead)
        });
        self.components.iter().map(|part| part.item).chain(of_options)
    }

    fn prices(&self) -> impl Iterator<Item = i64> {
        let of_options = self.options.iter().map(|option| option.price_minor);
        std::iter::once(self.price_minor).chain(of_options)
    }

    fn amounts(&self) -> impl Iterator<Item = i64> {
        let of_options = self.options.iter().flat_map(|option| &option.adds);
        self.components.iter().chain(of_options).map(|part| part.amount)
    }
}

impl Choice {
    fn is_too_long(&self) -> bool {
        self.adds.len() > PARTS_MAX
            || self.removes.len() > PARTS_MAX
            || self.adds_allergens.len() > ALLERGENS_MAX
            || self.removes_allergens.len() > ALLERGENS_MAX
    }
}

impl Item {
    /// Whether it may be so beside the others of its store: `has_own_stock` knows each of them but this
    /// one, `is_used` whether others are made of this one.
    pub(crate) fn fits(
        &self,
        has_own_stock: impl Fn(ItemId) -> bool,
        is_used: bool,
    ) -> Result<(), InvalidItem> {
        if self.draft.parts().any(|part| part == self.id) {
            return Err(InvalidItem::OfItself);
        }
        if !self.draft.parts().all(has_own_stock) {
            return Err(InvalidItem::Component);
        }
        if is_used && !self.draft.components.is_empty() {
            return Err(InvalidItem::UsedElsewhere);
        }
        Ok(())
    }
}

impl Unit {
    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pieces => "pieces",
            Self::Grams => "grams",
            Self::Millilitres => "millilitres",
        }
    }

    /// Reads the word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Pieces, Self::Grams, Self::Millilitres]
            .into_iter()
            .find(|unit| unit.as_str() == text)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;

    pub(in crate::domain) fn item(n: u128) -> ItemId {
        ItemId::from_uuid(Uuid::from_u128(n))
    }

    pub(in crate::domain) fn draft(components: &[(u128, i64)]) -> ItemDraft {
        let components =
            components.iter().map(|&(n, amount)| Component { item: item(n), amount }).collect();
        ItemDraft {
            slug: "latte".into(),
            name: "Latte".into(),
            description: String::new(),
            category: "Coffee".into(),
            price_minor: 525,
            station: "bar".into(),
            prep_s: 95,
            allergens: vec!["milk".into()],
            components,
            options: Vec::new(),
            on_menu: true,
            low_at: 0,
            unit: Unit::Pieces,
        }
    }

    pub(in crate::domain) fn choice(slug: &str) -> Choice {
        Choice {
            slug: slug.into(),
            name: slug.into(),
            price_minor: 70,
            adds: Vec::new(),
            removes: Vec::new(),
            replaces: None,
            adds_allergens: Vec::new(),
            removes_allergens: Vec::new(),
        }
    }

    #[test]
    fn what_an_item_may_not_be_is_named() {
        let shout = ItemDraft { slug: "LATTE".into(), ..draft(&[]) };
        let nameless = ItemDraft { name: " ".into(), ..draft(&[]) };
        let dear = ItemDraft { price_minor: PRICE_MAX_MINOR + 1, ..draft(&[]) };
        let twice = ItemDraft { options: vec![choice("a"), choice("a")], ..draft(&[]) };

        assert_eq!(shout.checked(), Err(InvalidItem::Slug));
        assert_eq!(nameless.checked(), Err(InvalidItem::Words));
        assert_eq!(dear.checked(), Err(InvalidItem::Price));
        assert_eq!(twice.checked(), Err(InvalidItem::Twice));
        assert_eq!(draft(&[(1, 0)]).checked(), Err(InvalidItem::Amount));
        assert_eq!(draft(&[(1, 9), (1, 9)]).checked(), Err(InvalidItem::Twice));
        assert!(draft(&[(2, 9), (1, 9)]).checked().is_ok());
    }

    #[test]
    fn recipes_are_one_level_deep() {
        let store = StoreId::from_uuid(Uuid::nil());
        let latte = Item { id: item(1), store, version: 1, draft: draft(&[(2, 18)]) };
        let own = |id| id == item(2);

        assert_eq!(latte.fits(own, false), Ok(()));
        assert_eq!(latte.fits(|_| false, false), Err(InvalidItem::Component));
        assert_eq!(latte.fits(own, true), Err(InvalidItem::UsedElsewhere));
        let of_itself = Item { draft: draft(&[(1, 1)]), ..latte };
        assert_eq!(of_itself.fits(own, false), Err(InvalidItem::OfItself));
    }
}
