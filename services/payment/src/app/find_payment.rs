//! Use cases: look at a payment.

use common::types::{Class, CustomerId, Fault, OrderId, PaymentId};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::Payment,
    store::{self, payments::Found},
};

impl App {
    /// The payment of an order, for our own services.
    pub(crate) async fn find_payment(&self, order: OrderId) -> Result<Payment, FindPaymentError> {
        let found = store::payments::find(&mut *self.db.acquire().await?, order).await?;
        found.ok_or(FindPaymentError::NoSuchPayment)
    }

    /// The payment that a call to the provider belongs to, for our own services.
    pub(crate) async fn find_payment_by_key(&self, key: &str) -> Result<Payment, FindPaymentError> {
        let found = store::payments::find_by_key(&mut *self.db.acquire().await?, key).await?;
        found.ok_or(FindPaymentError::NoSuchPayment)
    }

    /// One of the customer's payments.
    pub(crate) async fn find_own_payment(
        &self,
        customer: CustomerId,
        id: PaymentId,
    ) -> Result<Found, FindPaymentError> {
        let mut db = self.db.acquire().await?;
        let found = store::payments::find_of_customer(&mut db, customer, id).await?;
        found.ok_or(FindPaymentError::NoSuchPayment)
    }

    /// The payment of one of the customer's orders.
    pub(crate) async fn find_own_payment_of_order(
        &self,
        customer: CustomerId,
        order: OrderId,
    ) -> Result<Found, FindPaymentError> {
        let mut db = self.db.acquire().await?;
        let found = store::payments::find_of_order(&mut db, customer, order).await?;
        found.ok_or(FindPaymentError::NoSuchPayment)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FindPaymentError {
    #[error("there is no such payment")]
    NoSuchPayment,
    #[error("the payment could not be read")]
    Store(#[from] StoreError),
}

impl Fault for FindPaymentError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchPayment => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPayment => "no-such-payment",
            Self::Store(error) => error.code(),
        }
    }
}
