//! What the service tells. It hears nothing.

use common::types::Event;
use payment_contract::events::{Authorized, Captured, Declined, Voided};

use crate::domain::{DeclineClass, Payment, Terms};

/// A payment, about to be talked about.
pub(crate) struct Told<'a> {
    payment: &'a Payment,
    terms: &'a Terms,
    provider: &'a str,
}

macro_rules! told {
    ($($(#[$doc:meta])* $verb:ident: $fact:ident($amount:ident)),+ $(,)?) => {$(
        $(#[$doc])*
        pub(crate) fn $verb(&self) -> impl Event + use<> {
            let now = self.payment.standing();
            $fact {
                payment_id: self.payment.id(),
                order_id: self.payment.order(),
                cell: self.terms.cell.clone(),
                amount_minor: self.amount(now.$amount),
                currency: self.terms.currency,
                generation: self.terms.generation,
                decline_class: now.decline.map(DeclineClass::name).map(str::to_owned),
                provider: self.provider.to_owned(),
            }
        }
    )+};
}

impl<'a> Told<'a> {
    /// `None` for a tombstone: nobody has asked for anything.
    pub(crate) fn of(payment: &'a Payment, provider: &'a str) -> Option<Self> {
        payment.terms().map(|terms| Self { payment, terms, provider })
    }

    told! {
        /// The provider holds the money.
        authorized: Authorized(authorized_minor),
        /// The provider refused.
        declined: Declined(authorized_minor),
        /// The money was taken.
        captured: Captured(captured_minor),
        /// The provider holds nothing any more.
        voided: Voided(authorized_minor),
    }

    /// What was moved or, where nothing was, what was asked for.
    const fn amount(&self, moved_minor: i64) -> i64 {
        if moved_minor > 0 { moved_minor } else { self.terms.amount_minor }
    }
}
