//! Facts that the notification service tells.

use common::types::{Event, OrderId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A send took a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendChanged {
    /// The send.
    pub send_id: Uuid,
    /// The order, where it is about one.
    pub order_id: Option<OrderId>,
    /// `email`.
    pub channel: String,
    /// `order_confirmed` and so on.
    pub template: String,
    /// `SENT` or `FAILED`.
    pub state: String,
}

impl Event for SendChanged {
    const TYPE: &'static str = "com.cloudeats.notification.send_changed.v1";

    fn key(&self) -> String {
        self.send_id.to_string()
    }

    fn order(&self) -> Option<OrderId> {
        self.order_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_on_the_wire_is_the_shape_we_promised() {
        const ON_THE_WIRE: &str = concat!(
            r#"{"send_id":"0191e4b0-0000-7000-8000-000000000009","#,
            r#""order_id":"0191e4b0-0000-5000-8000-000000000001","channel":"email","#,
            r#""template":"order_confirmed","state":"SENT"}"#,
        );

        let fact: SendChanged = serde_json::from_str(ON_THE_WIRE).unwrap();

        assert_eq!(serde_json::to_string(&fact).unwrap(), ON_THE_WIRE);
        assert_eq!(fact.key(), "0191e4b0-0000-7000-8000-000000000009");
    }
}
