//! The kitchen's steps: accepting, refusing, preparing, finishing.

use common::types::{Class, Fault, OrderId, StoreId, TicketId};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Actor, Order, Owner, State, StepError, Ticket, TicketError, TicketState},
    store,
};

/// Why a ticket did not move.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MoveTicketError {
    #[error("there is no such ticket")]
    NoSuchTicket,
    #[error("the ticket has changed since it was read")]
    Stale,
    #[error("{0}")]
    Illegal(#[from] TicketError),
    #[error("{0}")]
    IllegalOrder(#[from] StepError),
    #[error("the ticket could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for MoveTicketError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchTicket => Class::Missing,
            Self::Stale | Self::Illegal(_) | Self::IllegalOrder(_) => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchTicket => "no-such-ticket",
            Self::Stale => "if-match-failed",
            Self::Illegal(_) | Self::IllegalOrder(_) => "illegal-transition",
            Self::Store(error) => error.code(),
        }
    }
}

/// Where the kitchen takes a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whither {
    Accept,
    Refuse { cause: String },
    Prepare,
    Finish,
}

impl Whither {
    const fn ticket(&self) -> TicketState {
        match self {
            Self::Accept => TicketState::Accepted,
            Self::Refuse { .. } => TicketState::Refused,
            Self::Prepare => TicketState::Preparing,
            Self::Finish => TicketState::Ready,
        }
    }

    const fn order(&self) -> Option<State> {
        match self {
            Self::Accept => None,
            Self::Refuse { .. } => Some(State::Cancelling),
            Self::Prepare => Some(State::Preparing),
            Self::Finish => Some(State::Ready),
        }
    }
}

impl App {
    /// Moves a ticket on one of the boards of `stores` (`None`: of all), and its order with it.
    /// `version`: what the caller has seen; `None` takes any.
    #[tracing::instrument(name = "orders.move_ticket", skip_all, fields(ticket.id = %id))]
    pub(crate) async fn move_ticket(
        &self,
        stores: Option<&[StoreId]>,
        id: TicketId,
        version: Option<i64>,
        whither: Whither,
    ) -> Result<Ticket, MoveTicketError> {
        let mut db = self.db.acquire().await?;
        let ticket = store::tickets::find(&mut db, stores, id).await?;
        drop(db);
        let ticket = ticket.ok_or(MoveTicketError::NoSuchTicket)?;
        Ok(self.move_ticket_of(ticket.order, stores, version, None, whither).await?.0)
    }

    /// Moves the ticket of an order; `order_version` as `version`, of the order.
    pub(crate) async fn move_ticket_of(
        &self,
        order: OrderId,
        stores: Option<&[StoreId]>,
        version: Option<i64>,
        order_version: Option<i64>,
        whither: Whither,
    ) -> Result<(Ticket, Order), MoveTicketError> {
        let owner = stores.map_or(Owner::Everyone, Owner::Stores);
        let mut tx = self.db.begin().await?;
        let order = store::orders::lock(&mut tx, owner, order).await?;
        let ticket = match &order {
            Some(order) => store::tickets::lock_of_order(&mut tx, order.id).await?,
            None => None,
        };
        let seen = Seen { ticket: version, order: order_version };
        let (mut order, ticket) = match check(order, ticket, seen, &whither) {
            Ok(found) => found,
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        };

        store::act_as(&mut tx, Actor::Staff).await?;
        self.step_ticket(&mut tx, &order, &ticket).await?;
        if let Some(state) = whither.order() {
            let cause = match whither {
                Whither::Refuse { cause } => Some(cause),
                _ => None,
            };
            self.step_from_outside(&mut tx, &mut order, &[state], cause, Actor::Staff).await?;
        } else {
            // The store is no longer silent: the kitchen has as long as with any other order.
            let deadlines = order.deadlines(self.clock.now());
            store::orders::update_deadlines(&mut tx, &mut order, deadlines).await?;
        }
        tx.commit().await?;

        self.after_step(&order);
        Ok((ticket, order))
    }
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    ticket: Option<i64>,
    order: Option<i64>,
}

fn check(
    order: Option<Order>,
    ticket: Option<Ticket>,
    seen: Seen,
    whither: &Whither,
) -> Result<(Order, Ticket), MoveTicketError> {
    let (Some(order), Some(mut ticket)) = (order, ticket) else {
        return Err(MoveTicketError::NoSuchTicket);
    };
    let stale = seen.ticket.is_some_and(|version| version != ticket.version)
        || seen.order.is_some_and(|version| version != order.version);
    if stale {
        return Err(MoveTicketError::Stale);
    }
    ticket.become_state(whither.ticket())?;
    if let Some(state) = whither.order() {
        order.may_take(&[state])?;
    }
    Ok((order, ticket))
}
