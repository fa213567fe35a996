//! Who gets what, when several orders ask at once.

use std::collections::{BTreeMap, HashMap};

use common::types::{Cell, ItemId, OrderId, StoreId, Timestamp};

use super::State;

/// What an order wants to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) order: OrderId,
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    /// The counter of the catalogue whose recipes `needs` come from.
    pub(crate) catalogue: i64,
    pub(crate) needs: BTreeMap<ItemId, i64>,
    pub(crate) expires_at: Timestamp,
    /// Whether it ends by the clock, as what a cart holds does.
    pub(crate) lapses: bool,
}

/// What is there, read under locks on the stock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    /// What is promised to nobody.
    pub(crate) free: HashMap<ItemId, i64>,
    /// Orders that have a hold, or had one.
    pub(crate) states: HashMap<OrderId, State>,
    /// The counters of the stores whose cells are ours to write.
    pub(crate) catalogues: HashMap<StoreId, i64>,
}

/// What an order is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of it is held now.
    Held,
    /// It was decided before.
    Already(State),
    /// None of it is held; there is too little of these.
    Short(Vec<ItemId>),
    /// Recipes have changed since: look again.
    Outdated,
    /// The store's cell is written elsewhere.
    Elsewhere,
}

/// Decides for each order in turn: all of its lines, or none.
pub(crate) fn allocate(wanted: &[Wanted], survey: Survey) -> Vec<Verdict> {
    let Survey { mut free, mut states, catalogues } = survey;
    let mut decide = |want: &Wanted| {
        if let Some(state) = states.get(&want.order) {
            return Verdict::Already(*state);
        }
        match catalogues.get(&want.store) {
            None => return Verdict::Elsewhere,
            Some(counter) if *counter != want.catalogue => return Verdict::Outdated,
            Some(_) => {}
        }
        let left = |item: &ItemId| free.get(item).copied().unwrap_or(0);
        let short = want.needs.iter().filter(|(item, amount)| left(item) < **amount);
        let short: Vec<ItemId> = short.map(|(item, _)| *item).collect();
        if !short.is_empty() {
            return Verdict::Short(short);
        }
        for (item, amount) in &want.needs {
            *free.entry(*item).or_default() -= amount;
        }
        states.insert(want.order, State::Held);
        Verdict::Held
    };
    wanted.iter().map(&mut decide).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::item::tests::item;

    const HERE: StoreId = StoreId::from_uuid(Uuid::nil());

    fn want(order: u128, needs: &[(u128, i64)]) -> Wanted {
        Wanted {
            order: OrderId::from_uuid(Uuid::from_u128(order)),
            store: HERE,
            cell: Cell::parse("east-a").unwrap(),
            catalogue: 1,
            needs: needs.iter().map(|&(n, amount)| (item(n), amount)).collect(),
            expires_at: Timestamp::UNIX_EPOCH,
            lapses: false,
        }
    }

    fn survey(free: &[(u128, i64)]) -> Survey {
        Survey {
            free: free.iter().map(|&(n, amount)| (item(n), amount)).collect(),
            states: HashMap::new(),
            catalogues: HashMap::from([(HERE, 1)]),
        }
    }

    #[test]
    fn the_last_one_goes_once_and_to_the_first() {
        let verdicts = allocate(&[want(1, &[(1, 1)]), want(2, &[(1, 1)])], survey(&[(1, 1)]));
        assert_eq!(verdicts, [Verdict::Held, Verdict::Short(vec![item(1)])]);
    }

    #[test]
    fn an_order_that_is_refused_takes_nothing_from_the_next() {
        let orders = [want(1, &[(1, 5), (2, 1)]), want(2, &[(1, 5)])];
        let verdicts = allocate(&orders, survey(&[(1, 5)]));
        assert_eq!(verdicts, [Verdict::Short(vec![item(2)]), Verdict::Held]);
    }

    #[test]
    fn a_twin_is_told_what_the_first_was_told() {
        let verdicts = allocate(&[want(1, &[(1, 1)]), want(1, &[(1, 1)])], survey(&[(1, 9)]));
        assert_eq!(verdicts, [Verdict::Held, Verdict::Already(State::Held)]);
    }

    #[test]
    fn old_recipes_and_strange_cells_are_not_served() {
        let stale = Wanted { catalogue: 0, ..want(1, &[]) };
        let strange = Wanted { store: StoreId::from_uuid(Uuid::max()), ..want(2, &[]) };
        let verdicts = allocate(&[stale, strange], survey(&[]));
        assert_eq!(verdicts, [Verdict::Outdated, Verdict::Elsewhere]);
    }

    proptest! {
        #[test]
        fn nothing_is_promised_that_is_not_there(
            shelf in prop::collection::vec(0_i64..30, 3),
            orders in prop::collection::vec(prop::collection::btree_map(0_u128..3, 1_i64..10, 1..3), 0..20),
        ) {
            let wanted: Vec<Wanted> = (0..).zip(&orders).map(|(n, needs)| {
                let needs: Vec<_> = needs.iter().map(|(n, amount)| (*n, *amount)).collect();
                want(n, &needs)
            }).collect();
            let shelf: Vec<_> = (0..).zip(shelf).collect();
            let verdicts = allocate(&wanted, survey(&shelf));

            let mut left: HashMap<ItemId, i64> = survey(&shelf).free;
            for (want, verdict) in wanted.iter().zip(&verdicts) {
                let enough = want.needs.iter().all(|(item, amount)| left[item] >= *amount);
                prop_assert_eq!(enough, *verdict == Verdict::Held);
                if enough {
                    for (item, amount) in &want.needs {
                        left.entry(*item).and_modify(|left| *left -= amount);
                    }
                }
            }
            prop_assert!(left.values().all(|left| *left >= 0));
        }
    }
}
