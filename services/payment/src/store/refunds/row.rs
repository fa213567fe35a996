//! Rows of `refund`, and the refunds they stand for.

use common::types::{Currency, CustomerId, ItemId, OrderId, PaymentId, Quantity, Timestamp};
use postgres_kit::StoreError;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::HeldRefund;
use crate::domain::{Liable, Reason, Refund, RefundLine, RefundState, RefundTerms};

/// The columns of [`Row`], in a form that `concat!` takes.
macro_rules! columns {
    () => {
        "r.refund_id, r.order_id, r.number, r.amount_minor, r.currency, r.reason, r.liable, r.lines, \
         r.asked_by, r.approved_by, r.state, r.version, r.call, r.failures, r.lease_epoch, r.created_at, \
         p.payment_id, p.customer_id, n.number AS credit_note"
    };
}
pub(super) use columns;

/// A refund as it was read.
#[derive(Debug, Clone)]
pub(crate) struct FoundRefund {
    pub(crate) refund: Refund,
    pub(crate) payment: PaymentId,
    /// Whose money it is.
    pub(crate) customer: Option<CustomerId>,
    pub(crate) credit_note: Option<i64>,
    pub(crate) created_at: Timestamp,
    lease_epoch: i64,
}

impl FoundRefund {
    pub(super) fn held(self) -> HeldRefund {
        HeldRefund { refund: self.refund, lease_epoch: self.lease_epoch }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    refund_id: Uuid,
    order_id: Uuid,
    number: i32,
    amount_minor: i64,
    currency: String,
    reason: String,
    liable: String,
    lines: Json<Vec<LineRow>>,
    asked_by: Option<Uuid>,
    approved_by: Option<Uuid>,
    state: String,
    version: i64,
    call: i32,
    failures: i32,
    lease_epoch: i64,
    created_at: jiff_sqlx::Timestamp,
    payment_id: Uuid,
    customer_id: Option<Uuid>,
    credit_note: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct LineRow {
    item_id: Uuid,
    quantity: u8,
    amount_minor: i64,
}

/// Lines as the table keeps them.
pub(super) fn lines(lines: &[RefundLine]) -> Json<Vec<LineRow>> {
    let rows = lines.iter().map(|line| LineRow {
        item_id: line.item.as_uuid(),
        quantity: line.quantity.into(),
        amount_minor: line.amount_minor,
    });
    Json(rows.collect())
}

impl Row {
    pub(super) fn found(self) -> Result<FoundRefund, StoreError> {
        let id = self.refund_id;
        self.read().ok_or_else(|| StoreError::Corrupt { table: "refund", id: id.to_string() })
    }

    fn read(self) -> Option<FoundRefund> {
        let lines = self.lines.0.into_iter().map(|line| {
            Some(RefundLine {
                item: ItemId::from_uuid(line.item_id),
                quantity: Quantity::new(line.quantity).ok()?,
                amount_minor: line.amount_minor,
            })
        });
        let terms = RefundTerms {
            amount_minor: self.amount_minor,
            currency: Currency::parse(&self.currency).ok()?,
            reason: Reason::parse(&self.reason)?,
            liable: Liable::parse(&self.liable)?,
            lines: lines.collect::<Option<_>>()?,
            asked_by: self.asked_by,
        };
        let refund = Refund {
            id: self.refund_id,
            order: OrderId::from_uuid(self.order_id),
            number: self.number,
            terms,
            state: RefundState::parse(&self.state)?,
            version: self.version,
            approved_by: self.approved_by,
            call: self.call,
            failures: self.failures,
        };
        Some(FoundRefund {
            refund,
            payment: PaymentId::from_uuid(self.payment_id),
            customer: self.customer_id.map(CustomerId::from_uuid),
            credit_note: self.credit_note,
            created_at: self.created_at.to_jiff(),
            lease_epoch: self.lease_epoch,
        })
    }
}
