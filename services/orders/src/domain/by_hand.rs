//! What operations may do to an order that does not go on by itself. They change what is known or when it is
//! tried; what follows from it says [`next`], as ever.

use super::{Actor, Call, CancelError, Order, Plan, Progress, State, Verdict, next};

/// How long the first person's wish to skip a step waits for a second person.
pub(crate) const SECOND_PERSON_WITHIN_S: i64 = 15 * 60;
/// The answer that stands for a step which is no longer waited for.
pub(crate) const SKIPPED: &str = "skipped";
/// Why an order was cancelled that operations sent back. Their own words stay with us.
const COMPENSATED: &str = "operations";

/// Nothing is to be tried: people are at work on the order, or it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {state} waits for nobody's answer")]
pub(crate) struct RetryError {
    pub(crate) state: &'static str,
}

/// Why a step is not skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SkipError {
    /// No step waits for an answer, or not the one that was named.
    #[error("the order does not wait for that")]
    NothingWaits,
    /// What comes next would rest on goods or money that nobody has seen.
    #[error("{} is never skipped", _0.name())]
    NeverSkipped(Call),
    /// The two persons have to mean the same one.
    #[error("several steps wait: {}", names(_0))]
    Several(Vec<Call>),
}

impl Call {
    /// Whether the machine may stop to wait for this one. What it goes on with after a refusal with an incident,
    /// it also goes on with here; whether goods or money are held, or were taken, is never said without proof.
    pub(crate) const fn may_be_skipped(self) -> bool {
        !self.may_be_refused()
    }
}

impl Order {
    /// The steps for whose answers the order waits.
    pub(crate) fn waits_for(&self, heard: &Progress, late: bool) -> Vec<Call> {
        match next(self, heard, late) {
            Plan::Ask(calls) => calls,
            Plan::Become(_) | Plan::Wait => Vec::new(),
        }
    }

    /// Whether a try at once can lead anywhere.
    pub(crate) fn may_retry(&self, heard: &Progress, late: bool) -> Result<(), RetryError> {
        if next(self, heard, late) == Plan::Wait {
            return Err(RetryError { state: self.state.name() });
        }
        Ok(())
    }

    /// The way of an order that operations send back: what staff may cancel, they may.
    pub(crate) fn compensated(&self) -> Result<Verdict, CancelError> {
        self.may_cancel(Actor::Ops)?;
        Ok(Verdict { states: vec![State::Cancelling], cause: Some(COMPENSATED.to_owned()) })
    }

    /// The step that is skipped: the one named, or the only one that waits and may be.
    pub(crate) fn skipped(
        &self,
        heard: &Progress,
        late: bool,
        named: Option<Call>,
    ) -> Result<Call, SkipError> {
        let waiting = self.waits_for(heard, late);
        if let Some(call) = named {
            return match call {
                _ if !waiting.contains(&call) => Err(SkipError::NothingWaits),
                _ if !call.may_be_skipped() => Err(SkipError::NeverSkipped(call)),
                _ => Ok(call),
            };
        }
        let open: Vec<Call> =
            waiting.iter().copied().filter(|call| call.may_be_skipped()).collect();
        match (open.as_slice(), waiting.first()) {
            ([only], _) => Ok(*only),
            ([], Some(waiting)) => Err(SkipError::NeverSkipped(*waiting)),
            ([], None) => Err(SkipError::NothingWaits),
            _ => Err(SkipError::Several(open)),
        }
    }
}

/// The words of steps, as people read them.
pub(crate) fn names(calls: &[Call]) -> String {
    let names: Vec<&str> = calls.iter().map(|call| call.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Fulfilment, Heard, order::tests::an_order};

    fn heard(calls: &[Call]) -> Progress {
        calls.iter().map(|call| (*call, Heard::Done)).collect()
    }

    #[test]
    fn nothing_that_holds_or_takes_goods_or_money_is_ever_skipped() {
        use Call::{Authorize, Capture, Deliver, Recall, Release, Reserve, Ship, Void};
        for call in [Reserve, Authorize, Capture] {
            assert!(!call.may_be_skipped(), "{call:?}");
        }
        for call in [Deliver, Ship, Release, Void, Recall] {
            assert!(call.may_be_skipped(), "{call:?}");
        }
        let holding = an_order(State::Reserving);
        let never = |call| Err(SkipError::NeverSkipped(call));
        assert_eq!(holding.skipped(&heard(&[]), false, None), never(Reserve));
        assert_eq!(holding.skipped(&heard(&[Reserve]), false, Some(Authorize)), never(Authorize));
        let taking = an_order(State::Capturing);
        assert_eq!(taking.skipped(&heard(&[Ship]), false, None), never(Capture));
        assert_eq!(taking.skipped(&heard(&[]), false, None), Ok(Ship), "the one that may be");
    }

    #[test]
    fn of_several_steps_one_has_to_be_named_and_has_to_wait() {
        let undoing = an_order(State::Cancelling);
        let both = vec![Call::Release, Call::Void];
        let skipped = |heard: &Progress, named| undoing.skipped(heard, false, named);
        assert_eq!(skipped(&heard(&[]), None), Err(SkipError::Several(both)));
        assert_eq!(skipped(&heard(&[]), Some(Call::Void)), Ok(Call::Void));
        assert_eq!(skipped(&heard(&[Call::Release]), None), Ok(Call::Void));
        let answered = skipped(&heard(&[Call::Release]), Some(Call::Release));
        assert_eq!(answered, Err(SkipError::NothingWaits));
        assert_eq!(
            an_order(State::Preparing).skipped(&heard(&[]), false, None),
            Err(SkipError::NothingWaits)
        );
    }

    #[test]
    fn a_skipped_step_is_one_that_the_machine_goes_on_without() {
        let brought = |state| Order { fulfilment: Fulfilment::Delivery, ..an_order(state) };
        for order in
            [brought(State::Confirmed), brought(State::Capturing), brought(State::Cancelling)]
        {
            let mut known = heard(&[Call::Capture]);
            while let Some(call) = order.waits_for(&known, false).first().copied() {
                known.insert(call, Heard::Refused(SKIPPED.to_owned()));
            }
            assert!(matches!(next(&order, &known, false), Plan::Wait | Plan::Become(_)));
        }
    }

    #[test]
    fn who_waits_for_people_has_nothing_to_retry() {
        for state in [State::Preparing, State::Undelivered, State::Completed, State::Cancelled] {
            assert!(an_order(state).may_retry(&Progress::new(), false).is_err(), "{state:?}");
        }
        for state in [State::Received, State::Reserving, State::Capturing, State::Cancelling] {
            assert_eq!(an_order(state).may_retry(&Progress::new(), false), Ok(()), "{state:?}");
        }
    }

    #[test]
    fn what_has_left_the_store_is_not_sent_back() {
        use CancelError::{AlreadyCancelled, AlreadyOnItsWay};
        for state in [State::Reserving, State::Confirmed, State::Preparing, State::Ready] {
            let way = an_order(state).compensated().map(|way| way.states);
            assert_eq!(way, Ok(vec![State::Cancelling]), "{state:?}");
        }
        let table = [
            (State::Dispatched, AlreadyOnItsWay),
            (State::Undelivered, AlreadyOnItsWay),
            (State::Capturing, AlreadyOnItsWay),
            (State::CaptureFailed, AlreadyOnItsWay),
            (State::Completed, AlreadyOnItsWay),
            (State::Cancelling, AlreadyCancelled),
            (State::Rejected, AlreadyCancelled),
        ];
        for (state, refused) in table {
            assert_eq!(an_order(state).compensated(), Err(refused), "{state:?}");
        }
    }
}
