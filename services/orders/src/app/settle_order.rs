//! What the saga's worker decides about an order, made true.

use common::{
    mutants,
    types::{OrderId, TicketId, Timestamp},
};
use event_kit::outbox;
use postgres_kit::{PgConnection, StoreError};
use service_kit::Stored;

use crate::{
    App,
    domain::{self, Actor, Deadlines, Order, Progress, State, TicketState, Verdict},
    events, store, wire,
};

/// An order that took a step, and what its customer is told now, if it is decided.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) order: Order,
    pub(crate) decided: Option<Stored>,
    /// Whether the lease is given back: nothing is to be done before a deadline.
    pub(crate) rests: bool,
}

/// A step that an order has taken: from where, through which states, and who made it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken<'a> {
    pub(super) before: &'a Order,
    pub(super) order: &'a Order,
    pub(super) states: &'a [State],
    pub(super) actor: Actor,
    pub(super) at: Timestamp,
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
        if mutants::on("no_lease_fence") {
            store::wrong::outlast_the_lease().await;
        }
        let at = self.clock.now();
        let mut next = order.clone();
        next.take(verdict);
        let deadlines = self.deadlines_of(&next, at).await?;
        next.deadline_at = deadlines.act_at;
        let rests = next.rests();
        let next_attempt_at = if rests { deadlines.first() } else { Timestamp::UNIX_EPOCH };

        let mut tx = self.db.begin().await?;
        let version =
            store::orders::advance(&mut tx, order, verdict, next_attempt_at, deadlines).await?;
        let Some(version) = version else {
            tx.rollback().await;
            return Ok(None);
        };
        next.version = version;
        let answered = store::steps::update_answered(&mut tx, order, heard).await?;
        self.open_incidents(&mut tx, &next, &domain::incidents_in(&next, &answered)).await?;
        let taken = Taken {
            before: order,
            order: &next,
            states: &verdict.states,
            actor: Actor::Machine,
            at,
        };
        let decided = self.tell(&mut tx, taken).await?;
        tx.commit().await?;

        self.stepped(order.id);
        Ok(Some(Settled { order: next, decided, rests }))
    }

    /// The deadlines of an order that has just come to its state. A store that accepts by hand has 5 minutes.
    pub(super) async fn deadlines_of(
        &self,
        order: &Order,
        now: Timestamp,
    ) -> Result<Deadlines, StoreError> {
        if order.state == State::Confirmed && !self.accepts_automatically(order).await? {
            return Ok(Order::deadlines_of_acceptance(now));
        }
        Ok(order.deadlines(now))
    }

    /// What belongs to the state that an order has reached: ticket, facts, calls that may now be made, and
    /// the decision for the customer, where this is one.
    pub(super) async fn tell(
        &self,
        tx: &mut PgConnection,
        taken: Taken<'_>,
    ) -> Result<Option<Stored>, StoreError> {
        let Taken { before, order, states, actor, at } = taken;
        store::steps::insert_asked(tx, order, &domain::calls_of(order)).await?;
        if states.contains(&State::Delivered) {
            outbox::stage(tx, &events::delivered(order, at)).await?;
        }
        let decided = match order.state {
            State::Confirmed if !before.confirmed => {
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
            _ => {
                self.tell_progress(tx, order, at).await?;
                None
            }
        };
        if let Some(decided) = decided.as_ref().filter(|decided| decided.status != 202) {
            store::answers::update(tx, order.id, decided).await?;
        }
        Ok(decided)
    }

    /// Facts about an order on its way to its end.
    async fn tell_progress(
        &self,
        tx: &mut PgConnection,
        order: &Order,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        match order.state {
            State::Preparing => outbox::stage(tx, &events::preparing(order, at)).await,
            State::Ready => outbox::stage(tx, &events::ready(order, at)).await,
            State::Dispatched => outbox::stage(tx, &events::dispatched(order, at)).await,
            State::Undelivered => outbox::stage(tx, &events::undelivered(order, at)).await,
            State::Completed | State::CompletedUnpaid => {
                outbox::stage(tx, &events::completed(order, at)).await
            }
            _ => Ok(()),
        }
    }

    async fn accepts_automatically(&self, order: &Order) -> Result<bool, StoreError> {
        let menu = self.menu_of(order.store).await?;
        Ok(menu.is_none_or(|menu| menu.terms.accepts_automatically))
    }

    async fn open_ticket(&self, tx: &mut PgConnection, order: &Order) -> Result<(), StoreError> {
        let automatic = self.accepts_automatically(order).await?;
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
