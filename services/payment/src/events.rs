//! What the service tells. It hears nothing.

use common::types::Event;
use payment_contract::events::{
    Authorized, Captured, Declined, Expired, Owed, ReconciliationBreak, RefundFailed,
    RefundSucceeded, Voided,
};

use crate::{
    app::Break,
    domain::{DeclineClass, Payment, Refund, Terms},
};

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
        /// The provider let it go by itself.
        expired: Expired(authorized_minor),
        /// The customer owes it.
        owed: Owed(captured_minor),
    }

    /// What was moved or, where nothing was, what was asked for.
    const fn amount(&self, moved_minor: i64) -> i64 {
        if moved_minor > 0 { moved_minor } else { self.terms.amount_minor }
    }
}

/// A refund, about to be talked about.
pub(crate) struct ToldRefund<'a> {
    payment: &'a Payment,
    terms: &'a Terms,
    refund: &'a Refund,
}

macro_rules! told_refund {
    ($fact:ident, $told:expr, $credit_note:expr) => {
        $fact {
            refund_id: $told.refund.id,
            payment_id: $told.payment.id(),
            order_id: $told.payment.order(),
            cell: $told.terms.cell.clone(),
            amount_minor: $told.refund.terms.amount_minor,
            currency: $told.refund.terms.currency,
            reason: $told.refund.terms.reason.name().to_owned(),
            liable: $told.refund.terms.liable.name().to_owned(),
            credit_note_no: $credit_note,
        }
    };
}

impl<'a> ToldRefund<'a> {
    /// `None` for a tombstone, of which nothing was ever taken.
    pub(crate) fn of(payment: &'a Payment, refund: &'a Refund) -> Option<Self> {
        payment.terms().map(|terms| Self { payment, terms, refund })
    }

    /// The money is on its way back.
    pub(crate) fn succeeded(&self, credit_note: i64) -> impl Event + use<> {
        told_refund!(RefundSucceeded, self, Some(credit_note))
    }

    /// A person has to find another way.
    pub(crate) fn failed(&self) -> impl Event + use<> {
        told_refund!(RefundFailed, self, None)
    }
}

/// The provider's books and ours differ.
pub(crate) fn broken(found: &Break) -> impl Event + use<> {
    ReconciliationBreak {
        break_id: found.id,
        provider: found.provider.clone(),
        kind: found.difference.name().to_owned(),
        call_key: found.call_key.clone(),
        payment_id: found.payment,
        order_id: found.order,
        ours_minor: found.ours_minor,
        theirs_minor: found.theirs_minor,
    }
}
