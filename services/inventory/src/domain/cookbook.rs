//! What the items of a store are made of: what an order needs, and how many of an item can be sold.

use std::collections::{BTreeMap, HashMap};

use common::types::{Cell, ItemId, Quantity, StoreId};

use super::{Choice, Component, Stock};

/// The recipes of a store, good for one value of its catalogue's counter.
#[derive(Debug, Clone)]
pub(crate) struct Cookbook {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    pub(crate) catalogue: i64,
    pub(crate) recipes: HashMap<ItemId, Recipe>,
}

/// What one item is made of.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// None: it has stock of its own.
    pub(crate) components: Vec<Component>,
    pub(crate) options: Vec<Choice>,
    pub(crate) low_at: i64,
}

/// So many of an item, with these options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) item: ItemId,
    pub(crate) quantity: Quantity,
    pub(crate) options: Vec<String>,
}

/// Why an order cannot be made here; lines count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRecipe {
    #[error("the store has no such item")]
    Item { line: usize },
    #[error("the item has no such option")]
    Option { line: usize },
}

/// How many of an item there are, counted in what is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portions {
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) low: bool,
}

impl Portions {
    /// How many could be sold now.
    pub(crate) const fn saleable(self) -> i64 {
        self.on_hand - self.reserved
    }
}

impl Recipe {
    /// What one of `item` takes with these options: first what is replaced, then what is left out, then
    /// what is added. The name of an option that it does not have is the error.
    fn one(&self, item: ItemId, options: &[String]) -> Result<BTreeMap<ItemId, i64>, ()> {
        let mut chosen = Vec::with_capacity(options.len());
        for slug in options {
            chosen.push(self.options.iter().find(|option| option.slug == *slug).ok_or(())?);
        }
        let mut parts: BTreeMap<ItemId, i64> = self.parts_of(item).collect();
        for (old, new) in chosen.iter().filter_map(|option| option.replaces) {
            if let Some(amount) = parts.remove(&old) {
                *parts.entry(new).or_default() += amount;
            }
        }
        for left_out in chosen.iter().flat_map(|option| &option.removes) {
            parts.remove(left_out);
        }
        for added in chosen.iter().flat_map(|option| &option.adds) {
            *parts.entry(added.item).or_default() += added.amount;
        }
        Ok(parts)
    }

    fn parts_of(&self, item: ItemId) -> impl Iterator<Item = (ItemId, i64)> {
        let itself = self.components.is_empty().then_some((item, 1));
        self.components.iter().map(|part| (part.item, part.amount)).chain(itself)
    }

    fn names(&self, part: ItemId) -> bool {
        let in_options = self.options.iter().any(|option| {
            option.adds.iter().any(|added| added.item == part)
                || option.replaces.is_some_and(|(_, with)| with == part)
        });
        in_options || self.components.iter().any(|component| component.item == part)
    }
}

impl Cookbook {
    /// What an order takes from the shelf: equal components of all lines are one sum.
    pub(crate) fn needs(&self, lines: &[Line]) -> Result<BTreeMap<ItemId, i64>, NoRecipe> {
        let mut sum: BTreeMap<ItemId, i64> = BTreeMap::new();
        for (n, line) in lines.iter().enumerate() {
            for (part, amount) in self.one(n, line)? {
                *sum.entry(part).or_default() += amount * i64::from(line.quantity);
            }
        }
        Ok(sum)
    }

    /// The lines that need one of `parts`, counted from 0.
    pub(crate) fn lines_needing(&self, lines: &[Line], parts: &[ItemId]) -> Vec<usize> {
        let needs = |n: usize, line: &Line| {
            self.one(n, line).is_ok_and(|one| parts.iter().any(|part| one.contains_key(part)))
        };
        lines.iter().enumerate().filter(|(n, line)| needs(*n, line)).map(|(n, _)| n).collect()
    }

    /// How many of `item` there are; the scarcest component decides. `None`: the store has no such item.
    pub(crate) fn portions(
        &self,
        item: ItemId,
        stock: &HashMap<ItemId, Stock>,
    ) -> Option<Portions> {
        let recipe = self.recipes.get(&item)?;
        let mut scarcest = Portions { on_hand: i64::MAX, reserved: 0, low: false };
        let mut free = i64::MAX;
        for (part, amount) in recipe.parts_of(item) {
            let there = stock.get(&part).copied().unwrap_or(Stock::NONE);
            scarcest.on_hand = scarcest.on_hand.min(there.on_hand / amount);
            free = free.min(there.free() / amount);
            scarcest.low |= self.recipes.get(&part).is_none_or(|own| there.free() <= own.low_at);
        }
        scarcest.reserved = scarcest.on_hand - free;
        scarcest.low |= free <= recipe.low_at;
        Some(scarcest)
    }

    /// Whether the store has `item` with stock of its own.
    pub(crate) fn has_own_stock(&self, item: ItemId) -> bool {
        self.recipes.get(&item).is_some_and(|recipe| recipe.components.is_empty())
    }

    /// Whether another item is made of `item`.
    pub(crate) fn is_part(&self, item: ItemId) -> bool {
        self.recipes.iter().any(|(id, recipe)| *id != item && recipe.names(item))
    }

    fn one(&self, n: usize, line: &Line) -> Result<BTreeMap<ItemId, i64>, NoRecipe> {
        let recipe = self.recipes.get(&line.item).ok_or(NoRecipe::Item { line: n })?;
        recipe.one(line.item, &line.options).map_err(|()| NoRecipe::Option { line: n })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::item::tests::{choice, item};

    const BEANS: u128 = 1;
    const MILK: u128 = 2;
    const OAT: u128 = 3;
    const BOTTLE: u128 = 4;
    const ESPRESSO: u128 = 10;
    const LATTE: u128 = 11;

    fn recipe(components: &[(u128, i64)], options: Vec<Choice>, low_at: i64) -> Recipe {
        let part = |&(n, amount): &(u128, i64)| Component { item: item(n), amount };
        Recipe { components: components.iter().map(part).collect(), options, low_at }
    }

    fn cafe() -> Cookbook {
        let oat = Choice { replaces: Some((item(MILK), item(OAT))), ..choice("oat-milk") };
        let shot = Component { item: item(BEANS), amount: 9 };
        let shot = Choice { adds: vec![shot], ..choice("extra-shot") };
        let black = Choice { removes: vec![item(MILK)], ..choice("black") };
        let options = vec![oat, shot, black];
        let recipes = [
            (BEANS, recipe(&[], vec![], 1_000)),
            (MILK, recipe(&[], vec![], 4_000)),
            (OAT, recipe(&[], vec![], 1_000)),
            (BOTTLE, recipe(&[], vec![], 6)),
            (ESPRESSO, recipe(&[(BEANS, 9)], options.clone(), 0)),
            (LATTE, recipe(&[(BEANS, 18), (MILK, 220)], options, 0)),
        ];
        Cookbook {
            store: StoreId::from_uuid(Uuid::nil()),
            cell: Cell::parse("east-a").unwrap(),
            catalogue: 1,
            recipes: recipes.into_iter().map(|(n, recipe)| (item(n), recipe)).collect(),
        }
    }

    fn line(n: u128, quantity: u8, options: &[&str]) -> Line {
        let options = options.iter().map(|slug| (*slug).to_owned()).collect();
        Line { item: item(n), quantity: Quantity::new(quantity).unwrap(), options }
    }

    fn needs(lines: &[Line]) -> Vec<(u128, i64)> {
        let needs = cafe().needs(lines).unwrap();
        needs.into_iter().map(|(id, amount)| (id.as_uuid().as_u128(), amount)).collect()
    }

    #[test]
    fn equal_components_of_all_lines_are_one_sum() {
        let order = [line(LATTE, 2, &[]), line(ESPRESSO, 3, &[]), line(BOTTLE, 1, &[])];
        assert_eq!(needs(&order), [(BEANS, 63), (MILK, 440), (BOTTLE, 1)]);
    }

    #[test]
    fn options_replace_leave_out_and_add() {
        assert_eq!(needs(&[line(LATTE, 1, &["oat-milk"])]), [(BEANS, 18), (OAT, 220)]);
        assert_eq!(needs(&[line(LATTE, 1, &["black"])]), [(BEANS, 18)]);
        let double = [line(LATTE, 2, &["extra-shot", "extra-shot"])];
        assert_eq!(needs(&double), [(BEANS, 72), (MILK, 440)]);
        assert_eq!(needs(&[line(ESPRESSO, 1, &["oat-milk"])]), [(BEANS, 9)]);
    }

    #[test]
    fn what_the_store_does_not_have_is_refused_by_its_line() {
        let book = cafe();
        let cake = [line(LATTE, 1, &[]), line(99, 1, &[])];
        assert_eq!(book.needs(&cake), Err(NoRecipe::Item { line: 1 }));
        let soy = [line(LATTE, 1, &["soy-milk"])];
        assert_eq!(book.needs(&soy), Err(NoRecipe::Option { line: 0 }));
    }

    #[test]
    fn the_scarcest_component_decides() {
        let shelf = [(BEANS, 90, 0), (MILK, 1_000, 340), (BOTTLE, 24, 20)];
        let shelf: HashMap<ItemId, Stock> = shelf
            .into_iter()
            .map(|(n, on_hand, reserved)| (item(n), Stock { on_hand, reserved }))
            .collect();
        let book = cafe();

        let latte = book.portions(item(LATTE), &shelf).unwrap();
        assert_eq!((latte.on_hand, latte.saleable(), latte.low), (4, 3, true));
        let bottle = book.portions(item(BOTTLE), &shelf).unwrap();
        assert_eq!((bottle.on_hand, bottle.reserved, bottle.low), (24, 20, true));
        assert_eq!(book.portions(item(OAT), &shelf).unwrap().saleable(), 0);
        assert_eq!(book.portions(item(99), &shelf), None);
    }

    proptest! {
        #[test]
        fn needs_do_not_depend_on_how_an_order_is_split(
            lattes in 1_u8..=40, more in 1_u8..=40, espressi in 1_u8..=40,
        ) {
            let split = needs(&[line(LATTE, lattes, &[]), line(ESPRESSO, espressi, &[]), line(LATTE, more, &[])]);
            let whole = needs(&[line(ESPRESSO, espressi, &[]), line(LATTE, lattes + more, &[])]);
            prop_assert_eq!(split, whole);
        }

        #[test]
        fn exactly_as_many_as_are_saleable_can_be_taken(beans in 0_i64..2_000, milk in 0_i64..20_000) {
            let book = cafe();
            let stock = |on_hand| Stock { on_hand, reserved: 0 };
            let shelf = HashMap::from([(item(BEANS), stock(beans)), (item(MILK), stock(milk))]);
            let n = book.portions(item(LATTE), &shelf).unwrap().saleable();

            prop_assert!(n * 18 <= beans && n * 220 <= milk);
            prop_assert!((n + 1) * 18 > beans || (n + 1) * 220 > milk);
        }
    }
}
