//! What support decides about goods that did not reach their customer.

use super::{Fulfilment, Order, State, StepError, Verdict};

/// What support decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The courier goes again.
    SecondTry,
    /// The customer was not there or would not have it: it is paid.
    CustomerAbsent,
    /// It was not the customer's fault: it is not paid.
    NotTheirFault,
}

impl Order {
    /// The way of an undelivered order once support has decided.
    pub(crate) fn decided(&self, decision: Decision) -> Result<Verdict, StepError> {
        let (state, cause) = match decision {
            Decision::SecondTry => (State::Dispatched, "second-try"),
            Decision::CustomerAbsent => (State::Capturing, "customer-absent"),
            Decision::NotTheirFault => (State::Cancelling, "not-delivered"),
        };
        let refused = StepError { from: self.state.name(), to: state.name() };
        // What lies at the counter has no courier who could go again.
        let nobody_goes =
            decision == Decision::SecondTry && self.fulfilment != Fulfilment::Delivery;
        if self.state != State::Undelivered || nobody_goes {
            return Err(refused);
        }
        self.may_take(&[state])?;
        Ok(Verdict { states: vec![state], cause: Some(cause.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::tests::an_order;

    #[test]
    fn support_decides_about_what_is_undelivered_and_nothing_else() {
        use Decision::{CustomerAbsent, NotTheirFault, SecondTry};
        let delivery = Order { fulfilment: Fulfilment::Delivery, ..an_order(State::Undelivered) };
        let states = |order: &Order, decision| order.decided(decision).map(|way| way.states);

        assert_eq!(states(&delivery, SecondTry), Ok(vec![State::Dispatched]));
        assert_eq!(states(&delivery, CustomerAbsent), Ok(vec![State::Capturing]));
        assert_eq!(states(&delivery, NotTheirFault), Ok(vec![State::Cancelling]));
        assert!(an_order(State::Undelivered).decided(SecondTry).is_err(), "at the counter");
        for state in [State::Preparing, State::Dispatched, State::Cancelled] {
            assert!(an_order(state).decided(NotTheirFault).is_err(), "{state:?}");
        }
    }
}
