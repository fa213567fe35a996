//! Facts that the payment service tells.

use common::types::{Cell, Currency, Event, OrderId, PaymentId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! payment_facts {
    ($($(#[$doc:meta])* $name:ident = $type:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// The payment.
            pub payment_id: PaymentId,
            /// The order.
            pub order_id: OrderId,
            /// The cell that owns the order.
            pub cell: Cell,
            /// How much.
            pub amount_minor: i64,
            /// Of what.
            pub currency: Currency,
            /// Number of the try.
            pub generation: i32,
            /// Why the provider refused, where it did.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub decline_class: Option<String>,
            /// Who moved the money.
            pub provider: String,
        }

        impl Event for $name {
            const TYPE: &'static str = $type;

            fn key(&self) -> String {
                self.order_id.to_string()
            }

            fn order(&self) -> Option<OrderId> {
                Some(self.order_id)
            }

            fn cell(&self) -> Option<&Cell> {
                Some(&self.cell)
            }
        }
    )+};
}

payment_facts! {
    /// The provider holds the money for us.
    Authorized = "com.cloudeats.payment.authorized.v1",
    /// The provider refused.
    Declined = "com.cloudeats.payment.declined.v1",
    /// The money was taken.
    Captured = "com.cloudeats.payment.captured.v1",
    /// The provider holds nothing any more.
    Voided = "com.cloudeats.payment.voided.v1",
    /// The provider holds nothing any more, because nobody took it in time.
    Expired = "com.cloudeats.payment.expired.v1",
    /// The money could not be taken: the customer owes it.
    Owed = "com.cloudeats.payment.owed.v1",
}

macro_rules! refund_facts {
    ($($(#[$doc:meta])* $name:ident = $type:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// The refund.
            pub refund_id: Uuid,
            /// The payment.
            pub payment_id: PaymentId,
            /// The order.
            pub order_id: OrderId,
            /// The cell that owns the order.
            pub cell: Cell,
            /// How much.
            pub amount_minor: i64,
            /// Of what.
            pub currency: Currency,
            /// Why: a word of `RefundReason`.
            pub reason: String,
            /// Who bears it: `store`, `platform`, `courier` or `goodwill`.
            pub liable: String,
            /// The number of the credit note, where there is one.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub credit_note_no: Option<i64>,
        }

        impl Event for $name {
            const TYPE: &'static str = $type;

            fn key(&self) -> String {
                self.order_id.to_string()
            }

            fn order(&self) -> Option<OrderId> {
                Some(self.order_id)
            }

            fn cell(&self) -> Option<&Cell> {
                Some(&self.cell)
            }
        }
    )+};
}

refund_facts! {
    /// The money is on its way back to the customer.
    RefundSucceeded = "com.cloudeats.payment.refund_succeeded.v1",
    /// The provider has refused too often: a person has to find another way.
    RefundFailed = "com.cloudeats.payment.refund_failed.v1",
}

/// The provider's books and ours differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconciliationBreak {
    /// The break.
    pub break_id: Uuid,
    /// With whom.
    pub provider: String,
    /// How they differ: `unknown-operation`, `outcome-differs` and so on.
    pub kind: String,
    /// The key of the call.
    pub call_key: String,
    /// The payment, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    /// The order, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// How much we say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ours_minor: Option<i64>,
    /// How much the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs_minor: Option<i64>,
}

impl Event for ReconciliationBreak {
    const TYPE: &'static str = "com.cloudeats.payment.reconciliation_break.v1";

    /// The payment or, where there is none, the break itself.
    fn key(&self) -> String {
        self.payment_id.map_or(self.break_id, PaymentId::as_uuid).to_string()
    }

    fn order(&self) -> Option<OrderId> {
        self.order_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON_THE_WIRE: &str = concat!(
        r#"{"payment_id":"0191e4b0-0000-7000-8000-000000000004","#,
        r#""order_id":"0191e4b0-0000-5000-8000-000000000001","cell":"east-a","#,
        r#""amount_minor":1250,"currency":"USD","generation":1,"#,
        r#""decline_class":"other-method","provider":"sandbox"}"#,
    );

    #[test]
    fn the_shape_on_the_wire_is_the_shape_we_promised() {
        let fact: Declined = serde_json::from_str(ON_THE_WIRE).unwrap();

        assert_eq!(serde_json::to_string(&fact).unwrap(), ON_THE_WIRE);
        assert_eq!(fact.key(), "0191e4b0-0000-5000-8000-000000000001");
    }

    #[test]
    fn a_field_that_is_missing_or_not_known_yet_is_no_trouble() {
        let newer = ON_THE_WIRE.replace("\"decline_class\":\"other-method\"", "\"added_later\":1");

        let fact: Authorized = serde_json::from_str(&newer).unwrap();

        assert_eq!(fact.decline_class, None);
    }

    #[test]
    fn a_refund_and_a_break_have_the_shape_we_promised() {
        const REFUND: &str = concat!(
            r#"{"refund_id":"0191e4b0-0000-7000-8000-000000000005","#,
            r#""payment_id":"0191e4b0-0000-7000-8000-000000000004","#,
            r#""order_id":"0191e4b0-0000-5000-8000-000000000001","cell":"east-a","#,
            r#""amount_minor":500,"currency":"USD","reason":"quality","liable":"store","#,
            r#""credit_note_no":7}"#,
        );
        const BREAK: &str = concat!(
            r#"{"break_id":"0191e4b0-0000-7000-8000-000000000006","provider":"sandbox","#,
            r#""kind":"amount-differs","call_key":"k","ours_minor":5,"theirs_minor":6}"#,
        );

        let refund: RefundSucceeded = serde_json::from_str(REFUND).unwrap();
        let found: ReconciliationBreak = serde_json::from_str(BREAK).unwrap();

        assert_eq!(serde_json::to_string(&refund).unwrap(), REFUND);
        assert_eq!(serde_json::to_string(&found).unwrap(), BREAK);
        assert_eq!(refund.key(), "0191e4b0-0000-5000-8000-000000000001");
        assert_eq!(found.key(), "0191e4b0-0000-7000-8000-000000000006");
    }
}
