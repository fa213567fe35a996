//! What the saga's worker decides about an order, made true.

use common::types::{OrderId, TicketId, Timestamp};
use event_kit::outbox;
use postgres_kit::{PgConnection, StoreError};
use service_kit::Stored;

use crate::{
    App,
    domain::{self, Actor, Order, Plan, Progress, State, TicketState, Verdict},
    events, store, wire,
};

/// An order that took a step, and what its customer is told now, if it is decided.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) order: Order,
    pub(crate) decided: Option<Stored>,
}

impl App {
    /// Takes a leased order through the states of `verdict`, in one transaction with what was heard, the
    /// answer, the ticket and the facts. `None`: the order is somebody else's by now.
    #[tracing::instrument(name = "orders.settle_order", skip_all, fields(order.id = %order.id))]
    pub(crate) async fn settle(
        &self,
        order: &Order,
        verdict: &Verdict,
        heard: &Progress,
    ) -> Result<Option<Settled>, StoreError> {
        let now = self.clock.now();
        let mut next = order.clone();
        next.state = verdict.states.last().copied().unwrap_or(order.state);
        next.confirmed |= verdict.states.contains(&State::Confirmed);
        next.cause = verdict.cause.clone().or(next.cause);
        next.attempts = 0;
        next.deadline_at = order.deadline_in(next.state, now);
        let rests = domain::next(&next, &Progress::new(), false) == Plan::Wait;
        let next_attempt_at = if rests { next.deadline_at } else { Timestamp::UNIX_EPOCH };

        let mut tx = self.db.begin().await?;
        let version =
            store::orders::advance(&mut tx, order, verdict, next_attempt_at, next.deadline_at)
                .await?;
        let Some(version) = version else {
            tx.rollback().await;
            return Ok(None);
        };
        next.version = version;
        store::steps::update_answered(&mut tx, order.id, heard).await?;
        let decided = self.tell(&mut tx, &next, Actor::Machine, now).await?;
        tx.commit().await?;

        self.stepped(order.id);
        Ok(Some(Settled { order: next, decided }))
    }

    /// What belongs to the state that `order` has reached: ticket, facts, calls that may now be made, and
    /// the decision for the customer, where this is one.
    pub(super) async fn tell(
        &self,
        tx: &mut PgConnection,
        order: &Order,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<Stored>, StoreError> {
        store::steps::insert_asked(tx, order.id, domain::calls_of(order.state, order)).await?;
        let decided = match order.state {
            State::Confirmed => {
                self.open_ticket(tx, order).await?;
                outbox::stage(tx, &events::confirmed(order)).await?;
                wire::decision(order)
            }
            State::Rejected => {
                outbox::stage(tx, &events::rejected(order)).await?;
                wire::decision(order)
            }
            State::Cancelling => {
                self.close_ticket(tx, order, TicketState::Cancelled).await?;
                outbox::stage(tx, &events::cancelling(order, actor)).await?;
                wire::decision(order)
            }
            State::Cancelled => {
                outbox::stage(tx, &events::cancelled(order, actor)).await?;
                wire::decision(order)
            }
            State::Preparing => {
                outbox::stage(tx, &events::preparing(order, now)).await?;
                None
            }
            State::Ready => {
                outbox::stage(tx, &events::ready(order, now)).await?;
                None
            }
            State::Dispatched => {
                outbox::stage(tx, &events::dispatched(order, now)).await?;
                None
            }
            State::Undelivered => {
                outbox::stage(tx, &events::undelivered(order, now)).await?;
                None
            }
            State::Capturing => {
                outbox::stage(tx, &events::delivered(order, now)).await?;
                None
            }
            State::Completed | State::CompletedUnpaid => {
                outbox::stage(tx, &events::completed(order, now)).await?;
                None
            }
            _ => None,
        };
        if let Some(decided) = decided.as_ref().filter(|decided| decided.status != 202) {
            store::answers::update(tx, order.id, decided).await?;
        }
        Ok(decided)
    }

    async fn open_ticket(&self, tx: &mut PgConnection, order: &Order) -> Result<(), StoreError> {
        let automatic =
            self.menu_of(order.store).await?.is_none_or(|menu| menu.terms.accepts_automatically);
        let state = if automatic { TicketState::Accepted } else { TicketState::Waiting };
        let prep_s = order.lines.iter().map(|line| line.prep_s * i64::from(line.quantity)).sum();
        let id = TicketId::from_uuid(self.clock.new_id());
        store::tickets::insert(tx, id, order.id, state, prep_s).await
    }

    /// Takes the ticket of an order off the board, if it has one there.
    pub(super) async fn close_ticket(
        &self,
        tx: &mut PgConnection,
        order: &Order,
        state: TicketState,
    ) -> Result<(), StoreError> {
        if !order.confirmed {
            return Ok(());
        }
        let Some(mut ticket) = store::tickets::lock_of_order(tx, order.id).await? else {
            return Ok(());
        };
        if ticket.become_state(state).is_ok() {
            store::tickets::update(tx, &ticket).await?;
            outbox::stage(tx, &events::ticket_changed(order, &ticket)).await?;
        }
        Ok(())
    }

    /// Tells those who follow `order`, and the worker, that it took a step.
    pub(super) fn stepped(&self, order: OrderId) {
        let _nobody_follows = self.steps.send(order);
    }
}
