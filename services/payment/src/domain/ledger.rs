//! Double entry: what happens to money is written down twice and sums to zero.

use common::{
    mutants,
    types::{Currency, CustomerId, StoreId},
};

use super::{Fact, Liable};

/// One act in the books. Debits are positive, credits negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posting {
    /// `authorize:1` and so on; once for each order.
    pub(crate) what: String,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) account: String,
    pub(crate) amount_minor: i64,
}

/// Who takes part in an act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parties<'a> {
    pub(crate) provider: &'a str,
    pub(crate) store: StoreId,
    pub(crate) currency: Currency,
}

impl Parties<'_> {
    /// The provider holds `amount_minor` for us.
    pub(crate) fn authorize(&self, generation: i32, amount_minor: i64) -> Option<Posting> {
        self.post(format!("authorize:{generation}"), self.hold(amount_minor))
    }

    /// The provider holds it no longer.
    pub(crate) fn void(&self, generation: i32, amount_minor: i64) -> Option<Posting> {
        self.post(format!("void:{generation}"), self.hold(-amount_minor))
    }

    /// The provider owes us what was captured, we owe it to the store, and the hold is over.
    pub(crate) fn capture(
        &self,
        capture: i32,
        held_minor: i64,
        captured_minor: i64,
    ) -> Option<Posting> {
        let mut taken = vec![
            line(format!("receivable:provider:{}", self.provider), captured_minor),
            line(format!("payable:store:{}", self.store), -captured_minor),
        ];
        if mutants::on("ledger_leg_missing") {
            // Both legs: the database refuses an act that does not balance.
            taken.clear();
        }
        let lines = self.hold(-held_minor).into_iter().chain(taken).collect();
        self.post(format!("capture:{capture}"), lines)
    }

    /// The provider let it go by itself.
    pub(crate) fn expire(&self, generation: i32, amount_minor: i64) -> Option<Posting> {
        self.post(format!("expire:{generation}"), self.hold(-amount_minor))
    }

    /// What a void found: that it did it, or that there was nothing left to do. The books name only acts
    /// that the provider knows of.
    pub(crate) fn ended(&self, fact: Fact, generation: i32, amount_minor: i64) -> Option<Posting> {
        match fact {
            Fact::Expired => self.expire(generation, amount_minor),
            _ => self.void(generation, amount_minor),
        }
    }

    /// Nobody could take it: the customer owes us what we owe to the store.
    pub(crate) fn owe(
        &self,
        generation: i32,
        customer: CustomerId,
        amount_minor: i64,
    ) -> Option<Posting> {
        let lines = vec![
            line(format!("receivable:customer:{customer}"), amount_minor),
            line(format!("payable:store:{}", self.store), -amount_minor),
        ];
        self.post(format!("owe:{generation}"), lines)
    }

    /// The provider paid it back for us, at the cost of whoever is liable.
    pub(crate) fn refund(&self, call: i32, liable: Liable, amount_minor: i64) -> Option<Posting> {
        let bearer = match liable {
            Liable::Store => format!("payable:store:{}", self.store),
            Liable::Platform | Liable::Courier | Liable::Goodwill => {
                format!("expense:refund:{}", liable.name())
            }
        };
        let lines = vec![
            line(bearer, amount_minor),
            line(format!("payable:provider:{}", self.provider), -amount_minor),
        ];
        self.post(format!("refund:{call}"), lines)
    }

    fn hold(&self, amount_minor: i64) -> Vec<Line> {
        vec![
            line(format!("hold:provider:{}", self.provider), amount_minor),
            line(format!("hold:store:{}", self.store), -amount_minor),
        ]
    }

    /// Nothing to write where nothing moves.
    fn post(&self, what: String, lines: Vec<Line>) -> Option<Posting> {
        let lines: Vec<_> = lines.into_iter().filter(|line| line.amount_minor != 0).collect();
        (!lines.is_empty()).then_some(Posting { what, currency: self.currency, lines })
    }
}

const fn line(account: String, amount_minor: i64) -> Line {
    Line { account, amount_minor }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const PARTIES: Parties<'static> = Parties {
        provider: "sandbox",
        store: StoreId::from_uuid(Uuid::nil()),
        currency: Currency::USD,
    };

    proptest! {
        #[test]
        fn every_act_sums_to_zero(held in 0_i64..=100_000_000, share in 0_i64..=100) {
            let captured = held * share / 100;
            let customer = CustomerId::from_uuid(Uuid::nil());
            let acts = [
                PARTIES.authorize(1, held),
                PARTIES.void(1, held),
                PARTIES.capture(1, held, captured),
                PARTIES.expire(1, held),
                PARTIES.owe(1, customer, held),
            ];
            let refunds = Liable::ALL.map(|liable| PARTIES.refund(1, liable, captured));

            for act in acts.into_iter().chain(refunds).flatten() {
                prop_assert_eq!(act.lines.iter().map(|line| line.amount_minor).sum::<i64>(), 0);
                prop_assert!(act.lines.len() >= 2);
            }
        }
    }

    #[test]
    fn where_nothing_moves_nothing_is_written() {
        assert_eq!(PARTIES.authorize(1, 0), None);
    }
}
