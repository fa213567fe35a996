//! A step from outside: a customer, the kitchen or a courier moves an order on.

use event_kit::outbox;
use postgres_kit::{PgConnection, StoreError};

use crate::{
    App,
    domain::{self, Actor, Order, Plan, Progress, State, Ticket, TicketState, Verdict},
    events, store,
};
use common::types::Timestamp;

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
        let now = self.clock.now();
        let last = states.last().copied().unwrap_or(order.state);
        let deadline_at = order.deadline_in(last, now);
        let reached = Order { state: last, ..order.clone() };
        let rests = domain::next(&reached, &Progress::new(), false) == Plan::Wait;
        let next_attempt_at = if rests { deadline_at } else { Timestamp::UNIX_EPOCH };
        let verdict = Verdict { states: states.to_vec(), cause };

        store::act_as(tx, actor).await?;
        store::orders::take_over(tx, order, &verdict, next_attempt_at, deadline_at).await?;
        self.tell(tx, order, actor, now).await?;
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
