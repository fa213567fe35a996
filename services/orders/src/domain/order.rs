//! An order: what was asked for, what it costs, and what may still happen to it.

use common::types::{
    Cell, Currency, CustomerId, GeoPoint, ItemId, OrderId, Quantity, StoreId, Timestamp,
};

use super::{Progress, State, Verdict};

/// How the goods reach the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fulfilment {
    Delivery,
    Pickup,
}

/// Who made an order take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Customer,
    Staff,
    Courier,
    Support,
    /// Whoever runs the platform.
    Ops,
    Machine,
}

/// Why an order ended otherwise than its customer hoped; a stable word.
pub(crate) type Cause = String;

/// An order, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) number: i64,
    pub(crate) customer: CustomerId,
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    pub(crate) fulfilment: Fulfilment,
    pub(crate) state: State,
    pub(crate) cause: Option<Cause>,
    pub(crate) version: i64,
    /// Whether it ever was confirmed: what never was is rejected, not cancelled.
    pub(crate) confirmed: bool,
    pub(crate) lines: Vec<Line>,
    pub(crate) totals: Totals,
    pub(crate) address: Option<Address>,
    pub(crate) payment_method: String,
    pub(crate) promise_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) deadline_at: Timestamp,
    /// Number of the try that may charge, from 1.
    pub(crate) generation: i32,
    /// The fence of the worker that has the order now.
    pub(crate) lease_epoch: i64,
    /// The fence of the order's cell, as it was when the order was read.
    pub(crate) cell_epoch: i64,
    /// Tries since the last change of state.
    pub(crate) attempts: i32,
}

/// An order that was priced and is not stored yet.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    pub(crate) id: OrderId,
    pub(crate) customer: CustomerId,
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    pub(crate) fulfilment: Fulfilment,
    pub(crate) lines: Vec<Line>,
    pub(crate) totals: Totals,
    pub(crate) address: Option<Address>,
    pub(crate) payment_method: String,
    pub(crate) promise_at: Timestamp,
}

/// A line with the price at which it was ordered, and what the kitchen needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) item: ItemId,
    pub(crate) name: String,
    pub(crate) quantity: Quantity,
    pub(crate) options: Vec<String>,
    pub(crate) note: Option<String>,
    pub(crate) unit_minor: i64,
    pub(crate) total_minor: i64,
    pub(crate) station: String,
    pub(crate) prep_s: i64,
    pub(crate) allergens: Vec<String>,
}

/// What an order costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) subtotal_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) delivery_fee_minor: i64,
    pub(crate) tip_minor: i64,
    pub(crate) total_minor: i64,
    pub(crate) currency: Currency,
}

/// Where a delivery goes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Address {
    pub(crate) place: GeoPoint,
    pub(crate) text: String,
    pub(crate) instructions: Option<String>,
}

/// A step that the order's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from} cannot become {to}")]
pub(crate) struct StepError {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

/// Why an order is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CancelError {
    /// The kitchen works on it, or it has left.
    #[error("the order can no longer be cancelled by its customer")]
    TooLateForCustomer,
    /// A courier has it, or it has been delivered.
    #[error("the order is already on its way")]
    AlreadyOnItsWay,
    /// It is being undone, or has been.
    #[error("the order is already cancelled")]
    AlreadyCancelled,
}

impl Fulfilment {
    /// The word of tables and events.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Pickup => "pickup",
        }
    }

    /// Reads the word of tables.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Delivery, Self::Pickup].into_iter().find(|known| known.name() == name)
    }
}

impl Actor {
    /// The word of tables and events.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
            Self::Courier => "courier",
            Self::Support => "support",
            Self::Ops => "ops",
            Self::Machine => "machine",
        }
    }
}

/// How often a capture that was refused for good is tried with a new authorization: once.
pub(crate) const GENERATIONS: i32 = 2;

impl Order {
    /// Takes the order through the states of `verdict`, as the store does with its row.
    pub(crate) fn take(&mut self, verdict: &Verdict) {
        for state in &verdict.states {
            self.state = *state;
            self.version += 1;
            self.confirmed |= *state == State::Confirmed;
            self.generation += i32::from(*state == State::CaptureFailed);
        }
        if verdict.cause.is_some() {
            self.cause.clone_from(&verdict.cause);
        }
        self.attempts = 0;
    }

    /// Whether no request for this order can still be on its way: one worker has had it, and every answer
    /// came.
    pub(crate) fn asked_once(&self) -> bool {
        self.attempts == 0 && self.lease_epoch <= 1
    }

    /// Whether a worker leaves the order alone until a deadline passes.
    pub(crate) fn rests(&self) -> bool {
        super::next(self, &Progress::new(), false) == super::Plan::Wait
    }

    /// Whether the order may take the path through `states`, one after the other.
    pub(crate) fn may_take(&self, states: &[State]) -> Result<(), StepError> {
        let mut from = self.state;
        for to in states {
            if !from.may_become(*to) {
                return Err(StepError { from: from.name(), to: to.name() });
            }
            from = *to;
        }
        Ok(())
    }

    /// Whether `actor` may still cancel: a customer until the kitchen begins, staff until it has left.
    pub(crate) fn may_cancel(&self, actor: Actor) -> Result<(), CancelError> {
        match self.state {
            State::Cancelling | State::Cancelled | State::Rejected => {
                Err(CancelError::AlreadyCancelled)
            }
            State::Preparing | State::Ready if actor == Actor::Customer => {
                Err(CancelError::TooLateForCustomer)
            }
            // It has left the store: support decides.
            State::Undelivered => Err(CancelError::AlreadyOnItsWay),
            state if state.may_become(State::Cancelling) => Ok(()),
            _ => Err(CancelError::AlreadyOnItsWay),
        }
    }

    /// How many things the order holds.
    pub(crate) fn pieces(&self) -> i64 {
        self.lines.iter().map(|line| i64::from(line.quantity)).sum()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use super::*;

    /// A pick-up order of one espresso in `state`.
    pub(crate) fn an_order(state: State) -> Order {
        let at = Timestamp::UNIX_EPOCH;
        let totals = Totals {
            subtotal_minor: 350,
            tax_minor: 26,
            delivery_fee_minor: 0,
            tip_minor: 0,
            total_minor: 350,
            currency: Currency::USD,
        };
        Order {
            id: OrderId::from_uuid(Uuid::from_u128(1)),
            number: 1,
            customer: CustomerId::from_uuid(Uuid::from_u128(2)),
            store: StoreId::from_uuid(Uuid::from_u128(3)),
            cell: Cell::parse("east-a").unwrap(),
            fulfilment: Fulfilment::Pickup,
            state,
            cause: None,
            version: 1,
            confirmed: false,
            lines: Vec::new(),
            totals,
            address: None,
            payment_method: "pm_approved".to_owned(),
            promise_at: None,
            created_at: at,
            deadline_at: at,
            generation: 1,
            lease_epoch: 1,
            cell_epoch: 1,
            attempts: 0,
        }
    }

    #[test]
    fn a_customer_cancels_until_the_kitchen_begins_and_staff_until_it_has_left() {
        use Actor::{Customer, Staff};
        use CancelError::{AlreadyCancelled, AlreadyOnItsWay, TooLateForCustomer};
        let table = [
            (State::Reserving, Customer, Ok(())),
            (State::Confirmed, Customer, Ok(())),
            (State::Preparing, Customer, Err(TooLateForCustomer)),
            (State::Preparing, Staff, Ok(())),
            (State::Ready, Staff, Ok(())),
            (State::Dispatched, Staff, Err(AlreadyOnItsWay)),
            (State::Undelivered, Customer, Err(AlreadyOnItsWay)),
            (State::Undelivered, Staff, Err(AlreadyOnItsWay)),
            (State::Completed, Customer, Err(AlreadyOnItsWay)),
            (State::Cancelling, Customer, Err(AlreadyCancelled)),
            (State::Rejected, Staff, Err(AlreadyCancelled)),
        ];
        for (state, actor, expected) in table {
            assert_eq!(an_order(state).may_cancel(actor), expected, "{state:?} {actor:?}");
        }
    }

    #[test]
    fn a_refused_capture_raises_the_generation() {
        let mut order = an_order(State::Capturing);
        let states = vec![State::CaptureFailed, State::Capturing];
        order.take(&Verdict { states, cause: Some("capture-refused".to_owned()) });
        assert_eq!((order.generation, order.version), (2, 3));
        assert_eq!(order.cause.as_deref(), Some("capture-refused"));
    }

    #[test]
    fn a_path_is_legal_when_each_of_its_steps_is() {
        let order = an_order(State::Reserving);
        let all = [State::Reserved, State::Authorizing, State::Authorized, State::Confirmed];
        assert_eq!(order.may_take(&all), Ok(()));
        assert!(order.may_take(&[State::Confirmed]).is_err());
    }
}
