//! Use cases: look at a refund, and agree to it.

use common::types::{Class, CustomerId, Fault, Principal};
use postgres_kit::{StoreError, Tx};
use uuid::Uuid;

use super::end;
use crate::{
    App,
    domain::{ApproveError, Refund, RefundState},
    store::{
        self,
        refunds::{FoundRefund, HeldRefund},
    },
};

impl App {
    /// A refund: anybody's, or `own` one of the customer's.
    pub(crate) async fn find_refund(
        &self,
        id: Uuid,
        own: Option<CustomerId>,
    ) -> Result<FoundRefund, ApproveRefundError> {
        let found = store::refunds::find(&mut *self.db.acquire().await?, id).await?;
        let found = found.filter(|found| own.is_none() || found.customer == own);
        found.ok_or(ApproveRefundError::NoSuchRefund)
    }

    /// Lets a second person agree to a refund, or end it. The same again changes nothing.
    #[tracing::instrument(name = "payment.approve_refund", skip_all, fields(refund.id = %id))]
    pub(crate) async fn approve_refund(
        &self,
        by: &Principal,
        id: Uuid,
        agreed: bool,
    ) -> Result<FoundRefund, ApproveRefundError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.decide_refund(&mut tx, by, id, agreed).await;
        let found = end(tx, outcome).await?;
        self.refunds.notify_one();
        Ok(found)
    }

    async fn decide_refund(
        &self,
        tx: &mut Tx,
        by: &Principal,
        id: Uuid,
        agreed: bool,
    ) -> Result<FoundRefund, ApproveRefundError> {
        let no_such = || ApproveRefundError::NoSuchRefund;
        let found = store::refunds::find(tx, id).await?.ok_or_else(no_such)?;
        let order = found.refund.order;
        store::payments::lock(tx, order).await?.ok_or_else(no_such)?;
        let before = store::refunds::lock(tx, id).await?.ok_or_else(no_such)?;
        let mut refund = before.refund.clone();

        if refund.decide(by.id, agreed)? {
            let cause = if agreed { "approved" } else { "refused" };
            if refund.state == RefundState::Submitting {
                refund.call = store::payments::next_refund_call(tx, order).await?;
                store::refunds::insert_call(tx, &refund).await?;
            } else {
                let amount_minor = refund.terms.amount_minor;
                store::payments::withdraw_refund(tx, order, amount_minor).await?;
            }
            let actor = by.id.to_string();
            self.update_refund(tx, &before, &refund, cause, &actor).await?;
        }
        store::refunds::find(tx, id).await?.ok_or_else(no_such)
    }

    /// Stores a refund that is locked; answers how it is held from now on.
    pub(super) async fn update_refund(
        &self,
        tx: &mut Tx,
        before: &HeldRefund,
        refund: &Refund,
        cause: &str,
        actor: &str,
    ) -> Result<HeldRefund, StoreError> {
        if store::refunds::update(tx, before, refund, cause, actor).await? {
            let lease_epoch = before.lease_epoch + 1;
            Ok(HeldRefund { refund: refund.clone(), lease_epoch })
        } else {
            Err(StoreError::Stale { table: "refund" })
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ApproveRefundError {
    #[error("there is no such refund")]
    NoSuchRefund,
    #[error("{0}")]
    Refused(#[from] ApproveError),
    #[error("the refund could not be read or stored")]
    Store(#[from] StoreError),
}

impl Fault for ApproveRefundError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchRefund => Class::Missing,
            Self::Refused(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchRefund => "no-such-refund",
            Self::Refused(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
