//! Facts that the payment service tells.

use common::types::{Cell, Currency, Event, OrderId, PaymentId};
use serde::{Deserialize, Serialize};

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
}
