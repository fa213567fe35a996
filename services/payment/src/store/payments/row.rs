//! Rows of `payment`, and the payments they stand for.

use common::types::{Cell, Currency, CustomerId, OrderId, PaymentId, StoreId, Text};
use postgres_kit::StoreError;
use uuid::Uuid;

use super::{Found, Held};
use crate::domain::{CaptureMethod, DeclineClass, Payment, Standing, State, Step, Surplus, Terms};

/// The columns of [`Row`], in a form that `concat!` takes.
macro_rules! columns {
    () => {
        "payment.order_id, payment.payment_id, payment.customer_id, payment.store_id, payment.cell, \
         payment.method, payment.asked_minor, payment.currency, payment.generation, payment.state, \
         payment.version, payment.authorized_minor, payment.capturing_minor, payment.captured_minor, \
         payment.refunded_minor, payment.captures, payment.provider_ref, payment.decline_class, \
         payment.work, payment.lease_epoch, payment.created_at, payment.tries, payment.renewed, \
         payment.wanted_minor, payment.surplus_generation, payment.surplus_ref, payment.surplus_minor, \
         payment.surplus_booked, payment.refunding_minor, payment.capture_method, payment.parts_minor, \
         payment.closing"
    };
}
pub(super) use columns;

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    order_id: Uuid,
    payment_id: Uuid,
    customer_id: Option<Uuid>,
    store_id: Option<Uuid>,
    cell: Option<String>,
    method: Option<String>,
    asked_minor: i64,
    currency: String,
    generation: i32,
    state: String,
    version: i64,
    authorized_minor: i64,
    capturing_minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
    captures: i32,
    provider_ref: Option<Uuid>,
    decline_class: Option<String>,
    work: Option<String>,
    lease_epoch: i64,
    created_at: jiff_sqlx::Timestamp,
    tries: i32,
    renewed: bool,
    wanted_minor: i64,
    surplus_generation: Option<i32>,
    surplus_ref: Option<Uuid>,
    surplus_minor: i64,
    surplus_booked: bool,
    refunding_minor: i64,
    capture_method: String,
    parts_minor: Vec<i64>,
    closing: bool,
}

impl Row {
    pub(super) fn payment(self) -> Result<Payment, StoreError> {
        let id = self.order_id;
        self.read().ok_or_else(|| StoreError::Corrupt { table: "payment", id: id.to_string() })
    }

    pub(super) fn held(self) -> Result<Held, StoreError> {
        let lease_epoch = self.lease_epoch;
        Ok(Held { payment: self.payment()?, lease_epoch })
    }

    pub(super) fn found(self) -> Result<Found, StoreError> {
        let created_at = self.created_at.to_jiff();
        Ok(Found { payment: self.payment()?, created_at })
    }

    fn read(self) -> Option<Payment> {
        let order = OrderId::from_uuid(self.order_id);
        let capture = CaptureMethod::parse(&self.capture_method)?;
        let surplus = self.surplus();
        let standing = Standing {
            state: State::parse(&self.state)?,
            work: self
                .work
                .as_deref()
                .map(Step::parse)
                .map_or(Some(None), |work| work.map(Some))?,
            version: self.version,
            authorized_minor: self.authorized_minor,
            capturing_minor: self.capturing_minor,
            captured_minor: self.captured_minor,
            refunded_minor: self.refunded_minor,
            refunding_minor: self.refunding_minor,
            captures: self.captures,
            reference: self.provider_ref,
            decline: self.decline_class.as_deref().and_then(DeclineClass::parse),
            tries: self.tries,
            renewed: self.renewed,
            wanted_minor: self.wanted_minor,
            surplus,
            parts: self.parts_minor,
            closing: self.closing,
        };
        let terms = match (self.customer_id, self.store_id, self.cell, self.method) {
            (Some(customer), Some(store), Some(cell), Some(method)) => Some(Terms {
                order,
                customer: CustomerId::from_uuid(customer),
                store: StoreId::from_uuid(store),
                cell: Cell::parse(&cell).ok()?,
                amount_minor: self.asked_minor,
                currency: Currency::parse(&self.currency).ok()?,
                method: Text::new(&method).ok()?,
                generation: self.generation,
                capture,
            }),
            _ => None,
        };
        Some(Payment::restore(PaymentId::from_uuid(self.payment_id), order, terms, standing))
    }

    fn surplus(&self) -> Option<Surplus> {
        Some(Surplus {
            generation: self.surplus_generation?,
            reference: self.surplus_ref?,
            amount_minor: self.surplus_minor,
            booked: self.surplus_booked,
        })
    }
}
