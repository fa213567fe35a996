//! Tables and properties of the machine.

use std::collections::BTreeMap;

use common::types::{Cell, CustomerId, StoreId, Text};
use proptest::prelude::*;

use super::*;

fn terms(amount_minor: i64) -> Terms {
    Terms {
        order: OrderId::from_uuid(Uuid::from_u128(1)),
        customer: CustomerId::from_uuid(Uuid::from_u128(2)),
        store: StoreId::from_uuid(Uuid::from_u128(3)),
        cell: Cell::parse("east-a").unwrap(),
        amount_minor,
        currency: Currency::USD,
        method: Text::new("pm_approved").unwrap(),
        generation: 1,
    }
}

fn begun(amount_minor: i64) -> Payment {
    Payment::begin(PaymentId::from_uuid(Uuid::from_u128(4)), terms(amount_minor)).0
}

fn authorized(amount_minor: i64) -> Payment {
    let mut payment = begun(amount_minor);
    payment.settle(Fact::Authorized { reference: Uuid::from_u128(9) }, "sandbox").unwrap();
    payment
}

#[test]
fn more_than_was_authorized_is_never_captured() {
    let mut payment = authorized(1000);

    assert_eq!(payment.capture(1001), Err(CaptureError::ExceedsAuthorized));
    assert_eq!(payment.state(), State::Authorized);
}

#[test]
fn the_same_capture_again_changes_nothing_and_another_amount_is_refused() {
    let mut payment = authorized(1000);
    assert!(payment.capture(700).unwrap().is_some());

    assert_eq!(payment.capture(700), Ok(None));
    assert_eq!(payment.capture(600), Err(CaptureError::AlreadyCaptured));
}

#[test]
fn a_void_that_finds_money_we_did_not_know_of_books_it_and_books_it_back() {
    let mut payment = begun(1000);
    payment.void().unwrap().unwrap();

    let fact = Fact::Released { reference: Uuid::from_u128(9) };
    let changed = payment.settle(fact, "sandbox").unwrap();

    let acts: Vec<_> = changed.postings.iter().map(|posting| posting.what.as_str()).collect();
    assert_eq!(acts, ["authorize:1", "void:1"]);
    assert_eq!(changed.answers.len(), 2);
    assert_eq!(payment.state(), State::Voided);
}

#[test]
fn a_late_answer_of_an_authorization_that_is_being_voided_changes_nothing() {
    let mut payment = begun(1000);
    payment.void().unwrap().unwrap();

    let late = payment.settle(Fact::Authorized { reference: Uuid::from_u128(9) }, "sandbox");

    assert_eq!(late, None);
    assert_eq!(payment.state(), State::Voiding);
}

#[test]
fn nothing_to_pay_needs_no_provider_from_end_to_end() {
    let (mut payment, changed) = Payment::begin(PaymentId::from_uuid(Uuid::from_u128(4)), terms(0));
    assert_eq!((payment.state(), changed.asked), (State::Authorized, vec![]));

    assert_eq!(payment.capture(0).unwrap().unwrap().asked, []);
    assert_eq!(payment.errand(), Some(Errand::Plain(Fact::Captured)));
    assert_eq!(payment.settle(Fact::Captured, "sandbox").unwrap().postings, []);
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Capture(i64),
    Void,
    Hear(Fact),
}

fn act() -> impl Strategy<Value = Act> {
    let reference = Uuid::from_u128(9);
    prop_oneof![
        (0_i64..1200).prop_map(Act::Capture),
        Just(Act::Void),
        Just(Act::Hear(Fact::Authorized { reference })),
        Just(Act::Hear(Fact::Declined { class: DeclineClass::OtherMethod })),
        Just(Act::Hear(Fact::Captured)),
        Just(Act::Hear(Fact::CaptureRefused)),
        Just(Act::Hear(Fact::Released { reference })),
        Just(Act::Hear(Fact::Forbidden)),
        Just(Act::Hear(Fact::NothingHeld)),
    ]
}

/// Does the act; what it changed, if anything.
fn perform(payment: &mut Payment, act: Act) -> Option<Changed> {
    match act {
        Act::Capture(amount_minor) => payment.capture(amount_minor).ok().flatten(),
        Act::Void => payment.void().ok().flatten(),
        Act::Hear(fact) => payment.settle(fact, "sandbox"),
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_path_is_legal_and_the_books_balance(
        amount_minor in 1_i64..1000,
        acts in prop::collection::vec(act(), 0..30),
    ) {
        let mut payment = begun(amount_minor);
        let mut balances: BTreeMap<String, i64> = BTreeMap::new();
        let mut written: Vec<String> = Vec::new();

        for act in acts {
            let before = payment.clone();
            let Some(changed) = perform(&mut payment, act) else {
                prop_assert_eq!(&payment, &before, "what changes nothing leaves everything");
                continue;
            };

            prop_assert!(before.state().next().contains(&payment.state()));
            prop_assert_eq!(payment.standing.version, before.standing.version + 1);
            for posting in changed.postings {
                prop_assert_eq!(posting.lines.iter().map(|line| line.amount_minor).sum::<i64>(), 0);
                prop_assert!(!written.contains(&posting.what), "an act is written once");
                written.push(posting.what);
                for line in posting.lines {
                    *balances.entry(line.account).or_default() += line.amount_minor;
                }
            }

            let now = payment.standing();
            prop_assert!(now.refunded_minor <= now.captured_minor);
            prop_assert!(now.captured_minor <= now.authorized_minor);
            let held = balances.get("hold:provider:sandbox").copied().unwrap_or_default();
            let owed = balances.get("receivable:provider:sandbox").copied().unwrap_or_default();
            let holds = matches!(payment.state(), State::Authorized | State::Capturing | State::Voiding);
            prop_assert_eq!(held, if holds { now.authorized_minor } else { 0 });
            prop_assert_eq!(owed, now.captured_minor);
        }
    }
}
