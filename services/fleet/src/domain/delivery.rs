//! A delivery from the order's wish to the customer's hand (FEATURES 5.1).

use common::types::{
    Cell, CourierId, CustomerId, DeliveryId, GeoPoint, OrderId, StoreId, Timestamp, VehicleId,
};

use super::{Fact, FactKind, Refusal, kept_words};

/// Goods can be handed over so far from the door.
const AT_THE_DOOR_M: f64 = 500.0;
/// The customer is told when the courier is so near.
pub(crate) const NEARBY_M: f64 = 300.0;

kept_words! {
    /// What has become of a delivery.
    State {
        /// Nobody has it.
        Pending = "PENDING",
        /// Somebody has been asked.
        Offered = "OFFERED",
        /// Somebody has it.
        Assigned = "ASSIGNED",
        /// The courier is at the store.
        AtPickup = "AT_PICKUP",
        /// The courier has the goods.
        PickedUp = "PICKED_UP",
        /// The courier is at the door.
        AtDropoff = "AT_DROPOFF",
        /// It waits for a decision.
        Held = "HELD",
        /// The goods could not be handed over.
        Failed = "FAILED",
        /// They go back.
        Returning = "RETURNING",
        /// The customer has them.
        Delivered = "DELIVERED",
        /// The store has them again.
        Returned = "RETURNED",
        /// It was called off.
        Cancelled = "CANCELLED",
    }
}

impl State {
    /// Every step that is legal, and nothing else.
    pub(crate) const LEGAL: &'static [(Self, Self)] = {
        use State::{
            Assigned, AtDropoff, AtPickup, Cancelled, Delivered, Failed, Held, Offered, Pending,
            PickedUp, Returned, Returning,
        };
        &[
            (Pending, Offered),
            (Pending, Assigned),
            (Pending, Cancelled),
            (Offered, Assigned),
            (Offered, Pending),
            (Offered, Cancelled),
            (Assigned, AtPickup),
            (Assigned, PickedUp),
            (Assigned, Pending),
            (Assigned, Cancelled),
            (AtPickup, PickedUp),
            (AtPickup, Pending),
            (AtPickup, Cancelled),
            (PickedUp, AtDropoff),
            (PickedUp, Delivered),
            (PickedUp, Held),
            (PickedUp, Failed),
            (AtDropoff, Delivered),
            (AtDropoff, Held),
            (AtDropoff, Failed),
            (Held, PickedUp),
            (Held, Delivered),
            (Held, Returning),
            (Failed, PickedUp),
            (Failed, Returning),
            (Returning, Returned),
        ]
    };

    /// Whether a courier is busy with it.
    pub(crate) const fn is_under_way(self) -> bool {
        matches!(
            self,
            Self::Offered
                | Self::Assigned
                | Self::AtPickup
                | Self::PickedUp
                | Self::AtDropoff
                | Self::Held
        )
    }

    /// Whether it can still be called off or given to another courier.
    pub(crate) const fn is_before_pickup(self) -> bool {
        matches!(self, Self::Pending | Self::Offered | Self::Assigned | Self::AtPickup)
    }
}

/// Which deliveries are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All.
    All,
    /// Those that have not ended.
    Open,
    /// Those in a state.
    In(State),
}

/// What is to be brought where; never changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Errand {
    pub(crate) id: DeliveryId,
    pub(crate) order: OrderId,
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    pub(crate) customer: CustomerId,
    pub(crate) pickup: GeoPoint,
    pub(crate) pickup_name: String,
    pub(crate) dropoff: GeoPoint,
    pub(crate) dropoff_text: String,
    pub(crate) instructions: Option<String>,
    pub(crate) promise_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

/// Who has it, with what, since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) courier: CourierId,
    pub(crate) vehicle: VehicleId,
    pub(crate) since: Timestamp,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delivery {
    pub(crate) errand: Errand,
    state: State,
    holder: Option<Holder>,
    ready: bool,
    version: i64,
}

/// What a store keeps of a delivery beside its errand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Kept {
    pub(crate) state: State,
    pub(crate) holder: Option<Holder>,
    pub(crate) ready: bool,
    pub(crate) version: i64,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) from: Option<State>,
    pub(crate) to: State,
    /// Why, in a word.
    pub(crate) cause: &'static str,
    /// Who: `machine`, `courier:<id>` and so on.
    pub(crate) actor: String,
    pub(crate) at: Timestamp,
    pub(crate) device_time: Option<Timestamp>,
    /// Who is free again.
    pub(crate) freed: Option<Holder>,
}

/// What a courier's fact does to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It takes the step.
    Step(State),
    /// What must come before it has not come yet.
    Early,
    /// It is history already.
    Passed,
    /// It has no effect.
    Refused(Refusal),
}

/// What was collected is brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the courier has the goods already")]
pub(crate) struct AlreadyPickedUp;

/// Why a delivery cannot be given to a courier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssignError {
    /// Somebody has it.
    #[error("the delivery has a courier")]
    HasCourier,
    /// What was collected stays with its courier.
    #[error("the courier has the goods already")]
    AlreadyPickedUp,
    /// It has ended.
    #[error("the delivery has ended")]
    Ended,
}

impl Delivery {
    /// Plans an errand; nobody has it yet.
    pub(crate) fn plan(errand: Errand, ready: bool, actor: String) -> (Self, Step) {
        let at = errand.created_at;
        let delivery = Self { errand, state: State::Pending, holder: None, ready, version: 1 };
        let step = Step {
            from: None,
            to: State::Pending,
            cause: "asked",
            actor,
            at,
            device_time: None,
            freed: None,
        };
        (delivery, step)
    }

    /// Puts a stored delivery together again.
    pub(crate) fn restore(errand: Errand, kept: Kept) -> Self {
        let Kept { state, holder, ready, version } = kept;
        Self { errand, state, holder, ready, version }
    }

    /// What has become of it.
    pub(crate) const fn state(&self) -> State {
        self.state
    }

    /// Who has it, or had it last.
    pub(crate) const fn holder(&self) -> Option<Holder> {
        self.holder
    }

    /// Whether the kitchen has finished.
    pub(crate) const fn is_ready(&self) -> bool {
        self.ready
    }

    /// Counts its changes.
    pub(crate) const fn version(&self) -> i64 {
        self.version
    }

    /// Gives what nobody has to a courier.
    pub(crate) fn assign(
        &mut self,
        holder: Holder,
        cause: &'static str,
        actor: String,
    ) -> Result<Step, AssignError> {
        match self.state {
            State::Pending | State::Offered => {}
            State::Assigned | State::AtPickup => return Err(AssignError::HasCourier),
            State::PickedUp | State::AtDropoff | State::Held => {
                return Err(AssignError::AlreadyPickedUp);
            }
            _ => return Err(AssignError::Ended),
        }
        self.holder = Some(holder);
        Ok(self.step(State::Assigned, cause, actor, holder.since))
    }

    /// Takes it from its courier before the goods were collected; nobody has it then.
    pub(crate) fn release(
        &mut self,
        cause: &'static str,
        actor: String,
        at: Timestamp,
    ) -> Result<Step, AlreadyPickedUp> {
        if !self.state.is_before_pickup() {
            return Err(AlreadyPickedUp);
        }
        let freed = self.holder.take();
        Ok(Step { freed, ..self.step(State::Pending, cause, actor, at) })
    }

    /// Calls it off; `None` where that is so already.
    pub(crate) fn cancel(
        &mut self,
        cause: &'static str,
        actor: String,
        at: Timestamp,
    ) -> Result<Option<Step>, AlreadyPickedUp> {
        if self.state == State::Cancelled {
            return Ok(None);
        }
        if !self.state.is_before_pickup() {
            return Err(AlreadyPickedUp);
        }
        Ok(Some(Step { freed: self.holder, ..self.step(State::Cancelled, cause, actor, at) }))
    }

    /// Notes whether the kitchen has finished; `None` where that is known, or does not matter any more.
    pub(crate) fn set_ready(&mut self, ready: bool, at: Timestamp) -> Option<Step> {
        if self.ready == ready || !self.state.is_before_pickup() {
            return None;
        }
        self.ready = ready;
        let cause = if ready { "ready" } else { "not_ready" };
        Some(self.step(self.state, cause, "service:orders".to_owned(), at))
    }

    /// What a fact of its courier would do. A fact that comes late or out of order says what was, and
    /// what was is not undone: it passes, waits, or is looked at by a person.
    pub(crate) fn judge(&self, fact: &Fact, now: Timestamp) -> Verdict {
        use FactKind::{ArriveDropoff, ArrivePickup, Decline, Deliver, Fail, Pickup};
        use State::{Assigned, AtDropoff, AtPickup, Cancelled, Delivered, Failed, Held, PickedUp};
        if !fact.is_timely(now) {
            return Verdict::Refused(Refusal::ImplausibleTime);
        }
        match (fact.kind, self.state) {
            (ArrivePickup, Assigned) => Verdict::Step(AtPickup),
            (Pickup, Assigned | AtPickup) if self.ready => Verdict::Step(PickedUp),
            (Pickup, Assigned | AtPickup) => Verdict::Refused(Refusal::NotReady),
            (ArriveDropoff, PickedUp) => Verdict::Step(AtDropoff),
            (Deliver, PickedUp | AtDropoff) => self.judge_place(fact.place),
            (Fail, PickedUp | AtDropoff) => Verdict::Step(Failed),
            (Decline, Assigned | AtPickup) => Verdict::Step(State::Pending),
            (Decline, PickedUp | AtDropoff | Held) => Verdict::Refused(Refusal::AlreadyPickedUp),
            (ArriveDropoff | Deliver | Fail, Assigned | AtPickup | Held) => Verdict::Early,
            (ArrivePickup | Pickup, state) if state != Cancelled => Verdict::Passed,
            (ArriveDropoff, AtDropoff | Delivered | Failed)
            | (Deliver, Delivered)
            | (Fail, Failed) => Verdict::Passed,
            _ => Verdict::Refused(Refusal::Ended),
        }
    }

    fn judge_place(&self, place: GeoPoint) -> Verdict {
        if self.errand.dropoff.distance_m(place) <= AT_THE_DOOR_M {
            Verdict::Step(State::Delivered)
        } else {
            Verdict::Refused(Refusal::NotAtTheDoor)
        }
    }

    /// Takes the step that [`judge`](Self::judge) found.
    pub(crate) fn apply(&mut self, fact: &Fact, to: State, at: Timestamp) -> Step {
        let freed = if to.is_under_way() { None } else { self.holder };
        if to == State::Pending {
            self.holder = None;
        }
        let actor = format!("courier:{}", fact.courier);
        let device_time = Some(fact.device_time);
        Step { device_time, freed, ..self.step(to, fact.kind.name(), actor, at) }
    }

    fn step(&mut self, to: State, cause: &'static str, actor: String, at: Timestamp) -> Step {
        let from = self.state;
        debug_assert!(from == to || State::LEGAL.contains(&(from, to)), "{from:?} to {to:?}");
        self.state = to;
        self.version += 1;
        Step { from: Some(from), to, cause, actor, at, device_time: None, freed: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn holder() -> Holder {
        Holder {
            courier: CourierId::from_uuid(Uuid::from_u128(8)),
            vehicle: VehicleId::from_uuid(Uuid::from_u128(9)),
            since: now(),
        }
    }

    fn delivery(state: State, ready: bool) -> Delivery {
        let id = Uuid::from_u128(1);
        let errand = Errand {
            id: DeliveryId::from_uuid(id),
            order: OrderId::from_uuid(id),
            store: StoreId::from_uuid(id),
            cell: Cell::parse("east-a").unwrap(),
            customer: CustomerId::from_uuid(id),
            pickup: GeoPoint::new(42.5, 1.5).unwrap(),
            pickup_name: "Café".to_owned(),
            dropoff: GeoPoint::new(42.51, 1.51).unwrap(),
            dropoff_text: "Main Street 1".to_owned(),
            instructions: None,
            promise_at: None,
            created_at: now(),
        };
        let holder = (state != State::Pending).then(holder);
        Delivery::restore(errand, Kept { state, holder, ready, version: 1 })
    }

    fn fact(kind: FactKind, lat: f64) -> Fact {
        Fact {
            id: Uuid::from_u128(3),
            delivery: DeliveryId::from_uuid(Uuid::from_u128(1)),
            courier: holder().courier,
            vehicle: holder().vehicle,
            seq: 1,
            kind,
            device_time: now(),
            place: GeoPoint::new(lat, 1.51).unwrap(),
            proof: None,
        }
    }

    const DOOR: f64 = 42.51;

    #[test]
    fn facts_take_the_steps_of_the_table() {
        use FactKind::{ArriveDropoff, ArrivePickup, Decline, Deliver, Fail, Pickup};
        use State::{Assigned, AtDropoff, AtPickup, Cancelled, Delivered, Failed, PickedUp};
        let refused = Verdict::Refused;
        for (state, kind, expected) in [
            (Assigned, ArrivePickup, Verdict::Step(AtPickup)),
            (Assigned, Pickup, Verdict::Step(PickedUp)),
            (Assigned, Decline, Verdict::Step(State::Pending)),
            (Assigned, ArriveDropoff, Verdict::Early),
            (Assigned, Deliver, Verdict::Early),
            (AtPickup, Fail, Verdict::Early),
            (AtPickup, Pickup, Verdict::Step(PickedUp)),
            (PickedUp, ArrivePickup, Verdict::Passed),
            (PickedUp, ArriveDropoff, Verdict::Step(AtDropoff)),
            (PickedUp, Deliver, Verdict::Step(Delivered)),
            (PickedUp, Decline, refused(Refusal::AlreadyPickedUp)),
            (AtDropoff, Deliver, Verdict::Step(Delivered)),
            (AtDropoff, Fail, Verdict::Step(Failed)),
            (Delivered, Deliver, Verdict::Passed),
            (Delivered, Pickup, Verdict::Passed),
            (Delivered, Fail, refused(Refusal::Ended)),
            (Failed, Deliver, refused(Refusal::Ended)),
            (Cancelled, Deliver, refused(Refusal::Ended)),
            (Cancelled, Pickup, refused(Refusal::Ended)),
        ] {
            let verdict = delivery(state, true).judge(&fact(kind, DOOR), now());
            assert_eq!(verdict, expected, "{state:?} {kind:?}");
        }
    }

    #[test]
    fn nothing_leaves_the_kitchen_before_it_is_ready() {
        for state in [State::Assigned, State::AtPickup] {
            let verdict = delivery(state, false).judge(&fact(FactKind::Pickup, 42.5), now());
            assert_eq!(verdict, Verdict::Refused(Refusal::NotReady));
        }
    }

    #[test]
    fn goods_are_handed_over_within_500_metres_of_the_door() {
        let delivery = delivery(State::PickedUp, true);
        for (lat, expected) in [
            (42.5144, Verdict::Step(State::Delivered)),
            (42.5146, Verdict::Refused(Refusal::NotAtTheDoor)),
        ] {
            assert_eq!(delivery.judge(&fact(FactKind::Deliver, lat), now()), expected, "{lat}");
        }
    }

    #[test]
    fn what_was_collected_is_neither_cancelled_nor_given_to_another() {
        let mut delivery = delivery(State::PickedUp, true);
        let before = delivery.clone();

        assert_eq!(delivery.cancel("x", "y".to_owned(), now()), Err(AlreadyPickedUp));
        assert_eq!(delivery.release("x", "y".to_owned(), now()), Err(AlreadyPickedUp));
        let given = delivery.assign(holder(), "x", "y".to_owned());
        assert_eq!(given, Err(AssignError::AlreadyPickedUp));
        assert_eq!(delivery, before);
    }

    #[derive(Debug, Clone, Copy)]
    enum Move {
        Fact(usize),
        Assign,
        Release,
        Cancel,
        Ready(bool),
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let one = prop_oneof![
            6 => (0..FactKind::ALL.len()).prop_map(Move::Fact),
            3 => Just(Move::Assign),
            1 => Just(Move::Release),
            1 => Just(Move::Cancel),
            2 => any::<bool>().prop_map(Move::Ready),
        ];
        prop::collection::vec(one, 0..40)
    }

    fn take(delivery: &mut Delivery, what: Move) -> Option<Step> {
        match what {
            Move::Fact(kind) => {
                let fact = fact(FactKind::ALL[kind], DOOR);
                delivery.holder()?;
                match delivery.judge(&fact, now()) {
                    Verdict::Step(to) => Some(delivery.apply(&fact, to, now())),
                    _ => None,
                }
            }
            Move::Assign => delivery.assign(holder(), "nearest", "machine".to_owned()).ok(),
            Move::Release => delivery.release("silent", "machine".to_owned(), now()).ok(),
            Move::Cancel => delivery.cancel("asked", "service".to_owned(), now()).ok().flatten(),
            Move::Ready(ready) => delivery.set_ready(ready, now()),
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_in_whatever_order_every_step_is_legal(moves in moves()) {
            let mut delivery = delivery(State::Pending, false);
            for what in moves {
                let (state, version) = (delivery.state(), delivery.version());
                let Some(step) = take(&mut delivery, what) else {
                    prop_assert_eq!((delivery.state(), delivery.version()), (state, version));
                    continue;
                };
                let legal = State::LEGAL.contains(&(state, step.to)) || state == step.to;
                prop_assert!(legal, "{:?} to {:?}", state, step.to);
                prop_assert_eq!(delivery.version(), version + 1);
                prop_assert_eq!(delivery.state(), step.to);
                let held = delivery.holder().is_some();
                prop_assert!(step.to == State::Cancelled || held == (step.to != State::Pending));
                prop_assert!(step.to != State::PickedUp || delivery.is_ready());
            }
        }
    }
}
