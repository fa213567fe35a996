//! What becomes of a hold: confirmed, shipped or released.

use common::{
    mutants,
    types::{Class, Fault, OrderId, Timestamp},
};
use event_kit::{Heard, inbox, outbox};
use orders_contract::events::OrderConfirmed;
use postgres_kit::{StoreError, Tx};

use super::end;
use crate::{
    App,
    domain::{Gone, Reservation, State},
    events,
    store::{self, reservations::Step},
};

/// Why a hold did not take the step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error("nothing was ever held for the order")]
    NoSuchReservation,
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error("the store's cell is written elsewhere")]
    Elsewhere,
    #[error("the step could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for StepError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchReservation => Class::Missing,
            Self::Gone(_) => Class::Conflict,
            Self::Elsewhere => Class::Unavailable,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchReservation => "no-such-reservation",
            Self::Gone(_) => "reservation-gone",
            Self::Elsewhere => "cell-elsewhere",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Takes the end away from an order's hold.
    #[tracing::instrument(name = "inventory.confirm_reservation", skip_all, fields(order.id = %order))]
    pub(crate) async fn confirm_reservation(&self, order: OrderId) -> Result<State, StepError> {
        postgres_kit::repeat(|| self.try_confirm(order)).await
    }

    /// Does the same because orders told so. A hold that is gone is no news to orders, which was told when
    /// it went; it only has to be seen.
    #[tracing::instrument(name = "inventory.record_confirmation", skip_all, fields(order.id = %heard.fact.order_id))]
    pub(crate) async fn record_confirmation(
        &self,
        heard: Heard<OrderConfirmed>,
    ) -> Result<(), StepError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.confirm_once(&mut tx, &heard).await;
        end(tx, outcome).await
    }

    /// Takes what is held for an order out of the store.
    #[tracing::instrument(name = "inventory.ship_reservation", skip_all, fields(order.id = %order))]
    pub(crate) async fn ship_reservation(&self, order: OrderId) -> Result<State, StepError> {
        postgres_kit::repeat(|| self.try_ship(order)).await
    }

    /// Gives back what is held for an order; what has left the store stays `SHIPPED`. An order that
    /// nobody knows is remembered as released, so that a reserve still on its way is refused.
    #[tracing::instrument(name = "inventory.release_reservation", skip_all, fields(order.id = %order, cause))]
    pub(crate) async fn release_reservation(
        &self,
        order: OrderId,
        cause: &'static str,
        actor: &'static str,
    ) -> Result<State, StepError> {
        postgres_kit::repeat(|| self.try_release(order, self.step(cause, actor))).await
    }

    /// Gives back what is held past its end. `false`: somebody has confirmed, prolonged or ended it since.
    #[tracing::instrument(name = "inventory.expire_reservation", skip_all, fields(order.id = %order))]
    pub(crate) async fn expire_reservation(
        &self,
        order: OrderId,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        postgres_kit::repeat(|| self.try_expire(order, now)).await
    }

    async fn confirm_once(
        &self,
        tx: &mut Tx,
        heard: &Heard<OrderConfirmed>,
    ) -> Result<(), StepError> {
        if !inbox::claim_or_skip(tx, heard).await? {
            return Ok(());
        }
        match self.confirm_in(tx, heard.fact.order_id).await {
            Err(error @ (StepError::Gone(_) | StepError::NoSuchReservation)) => {
                tracing::error!(code = error.code(), "order confirmed without its stock");
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    async fn try_confirm(&self, order: OrderId) -> Result<State, StepError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.confirm_in(&mut tx, order).await;
        end(tx, outcome).await
    }

    async fn try_ship(&self, order: OrderId) -> Result<State, StepError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.ship_in(&mut tx, order).await;
        end(tx, outcome).await
    }

    async fn try_release(&self, order: OrderId, step: Step) -> Result<State, StepError> {
        let mut tx = self.db.begin().await?;
        let outcome = release_in(&mut tx, order, step).await;
        end(tx, outcome).await
    }

    async fn try_expire(&self, order: OrderId, now: Timestamp) -> Result<bool, StepError> {
        let mut tx = self.db.begin().await?;
        let outcome = expire_in(&mut tx, order, now, self.step("expired", "sweeper")).await;
        end(tx, outcome).await
    }

    async fn confirm_in(&self, tx: &mut Tx, order: OrderId) -> Result<State, StepError> {
        let held = store::reservations::lock(tx, order).await?;
        let held = held.ok_or(StepError::NoSuchReservation)?;
        if !held.state.confirming()? {
            return Ok(held.state);
        }
        let step = self.step("confirmed", "orders");
        if !store::reservations::confirm(tx, &held, step).await? {
            return Err(StepError::Elsewhere);
        }
        if let Some(place) = held.place.clone() {
            outbox::stage(tx, &events::confirmed(&held, place, step.cause)).await?;
        }
        Ok(State::Confirmed)
    }

    async fn ship_in(&self, tx: &mut Tx, order: OrderId) -> Result<State, StepError> {
        let held = store::reservations::lock(tx, order).await?;
        let held = held.ok_or(StepError::NoSuchReservation)?;
        if !held.state.shipping()? {
            return Ok(held.state);
        }
        let step = self.step("shipped", "orders");
        if !store::reservations::ship(tx, &held, step).await? {
            return Err(StepError::Elsewhere);
        }
        if let Some(place) = held.place.clone() {
            outbox::stage(tx, &events::shipped(&held, place, step.cause)).await?;
        }
        Ok(State::Shipped)
    }

    fn step(&self, cause: &'static str, actor: &'static str) -> Step {
        Step { cause, actor, at: self.clock.now() }
    }
}

async fn release_in(tx: &mut Tx, order: OrderId, step: Step) -> Result<State, StepError> {
    let forgets = mutants::on("no_tombstone");
    if !forgets && store::reservations::insert_tombstone(tx, order, step).await? {
        return Ok(State::Released);
    }
    match store::reservations::lock(tx, order).await? {
        Some(held) if held.state.releasing() => free(tx, &held, step).await,
        Some(held) => Ok(held.state),
        None if forgets => Ok(State::Released),
        None => Err(StepError::NoSuchReservation),
    }
}

async fn expire_in(
    tx: &mut Tx,
    order: OrderId,
    now: Timestamp,
    step: Step,
) -> Result<bool, StepError> {
    match store::reservations::lock(tx, order).await? {
        Some(held) if held.has_expired(now) => free(tx, &held, step).await.map(|_released| true),
        _ => Ok(false),
    }
}

async fn free(tx: &mut Tx, held: &Reservation, step: Step) -> Result<State, StepError> {
    if !store::reservations::release(tx, held, step).await? {
        return Err(StepError::Elsewhere);
    }
    if let Some(place) = held.place.clone() {
        outbox::stage(tx, &events::released(held, place, step.cause)).await?;
    }
    Ok(State::Released)
}
