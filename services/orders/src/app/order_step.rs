//! A step from outside: a customer, the kitchen or a courier moves an order on.

use common::types::Timestamp;
use event_kit::outbox;
use postgres_kit::{PgConnection, StoreError};

use super::settle_order::Taken;
use crate::{
    App,
    domain::{Actor, Order, State, Ticket, TicketState, Verdict},
    events, store,
};

impl App {
    /// Takes a locked order through `states`, away from any worker, with all that belongs to it.
    /// The path has been found legal; the caller commits, then calls [`App::after_step`].
    pub(super) async fn step_from_outside(
        &self,
        tx: &mut PgConnection,
        order: &mut Order,
        states: &[State],
        cause: Option<String>,
        actor: Actor,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let before = order.clone();
        let verdict = Verdict { states: states.to_vec(), cause };
        let mut reached = before.clone();
        reached.take(&verdict);
        let deadlines = self.deadlines_of(&reached, at).await?;
        let next_attempt_at =
            if reached.rests() { deadlines.first() } else { Timestamp::UNIX_EPOCH };

        store::act_as(tx, actor).await?;
        store::orders::take_over(tx, order, &verdict, next_attempt_at, deadlines).await?;
        self.tell(tx, Taken { before: &before, order, states, actor, at }).await?;
        Ok(())
    }

    /// Takes a ticket on a locked order to `state` and tells of it.
    pub(super) async fn step_ticket(
        &self,
        tx: &mut PgConnection,
        order: &Order,
        ticket: &Ticket,
    ) -> Result<(), StoreError> {
        store::tickets::update(tx, ticket).await?;
        outbox::stage(tx, &events::ticket_changed(order, ticket)).await
    }

    /// Takes the ticket of a locked order off the board because the goods are leaving.
    pub(super) async fn hand_over_ticket(
        &self,
        tx: &mut PgConnection,
        order: &Order,
    ) -> Result<(), StoreError> {
        let Some(mut ticket) = store::tickets::lock_of_order(tx, order.id).await? else {
            return Ok(());
        };
        for state in [TicketState::Ready, TicketState::HandedOver] {
            if ticket.become_state(state).is_ok() {
                self.step_ticket(tx, order, &ticket).await?;
            }
        }
        Ok(())
    }

    /// After the commit of a step from outside: the worker may have something to do, and who follows the
    /// order has something to see.
    pub(super) fn after_step(&self, order: &Order) {
        self.wake_worker();
        self.stepped(order.id);
    }
}
