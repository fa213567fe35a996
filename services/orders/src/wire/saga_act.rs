//! What operations say about a saga, and are told. Nobody else needs these words, so no contract has them.

use common::types::{OrderId, Text, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{domain::Call, store::saga_acts::Stored};

/// Acts on an order's saga.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActOnSaga {
    /// Why; kept, and shown in the order's X-ray. The customer does not see it.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    pub(crate) reason: Text<500>,
}

/// Wishes to skip a step, or agrees to that.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkipStep {
    /// Why; kept, and shown in the order's X-ray. The customer does not see it.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    pub(crate) reason: Text<500>,
    /// Which; may be left out where only one step waits that may be skipped.
    #[serde(default)]
    pub(crate) step: Option<SagaStep>,
}

/// A step of the saga, as the X-ray names it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SagaStep {
    /// Hold the goods. Never skipped.
    Reserve,
    /// Hold the money. Never skipped.
    Authorize,
    /// Ask for a courier.
    Deliver,
    /// Book that the goods have left.
    Ship,
    /// Take the money. Never skipped.
    Capture,
    /// Free the goods.
    Release,
    /// Free the money.
    Void,
    /// Call the courier back.
    Recall,
}

/// What was done by hand, or is wished for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SagaAct {
    /// The act.
    act_id: Uuid,
    /// The order.
    order_id: OrderId,
    /// `retry`, `compensate` or `skip`.
    act: String,
    /// The step that is skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    /// `done`, or `pending` where a second person has to agree.
    status: &'static str,
    /// The state in which the order was.
    order_state: String,
    /// Who asked for it.
    asked_by: Uuid,
    /// Why.
    reason: String,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    asked_at: Timestamp,
    /// Until when a second person may agree, where one has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    lapses_at: Option<Timestamp>,
    /// Who agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    agreed_at: Option<Timestamp>,
}

impl From<SagaStep> for Call {
    fn from(step: SagaStep) -> Self {
        match step {
            SagaStep::Reserve => Self::Reserve,
            SagaStep::Authorize => Self::Authorize,
            SagaStep::Deliver => Self::Deliver,
            SagaStep::Ship => Self::Ship,
            SagaStep::Capture => Self::Capture,
            SagaStep::Release => Self::Release,
            SagaStep::Void => Self::Void,
            SagaStep::Recall => Self::Recall,
        }
    }
}

/// What was done by hand.
pub(crate) fn saga_act(written: &Stored) -> SagaAct {
    let pending = written.step.is_some() && written.agreed.is_none();
    SagaAct {
        act_id: written.id,
        order_id: written.order,
        act: written.act.clone(),
        step: written.step.clone(),
        status: if pending { "pending" } else { "done" },
        order_state: written.order_state.clone(),
        asked_by: written.asked_by,
        reason: written.reason.clone(),
        asked_at: written.asked_at,
        lapses_at: pending.then_some(written.lapses_at),
        agreed_by: written.agreed.map(|(by, _)| by),
        agreed_at: written.agreed.map(|(_, at)| at),
    }
}
