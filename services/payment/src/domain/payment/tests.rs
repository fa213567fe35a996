//! Tables and properties of the machine.

mod model;

use common::types::{Cell, CustomerId, StoreId, Text};

use super::*;

const REFERENCE: Uuid = Uuid::from_u128(9);

fn terms(amount_minor: i64, generation: i32) -> Terms {
    Terms {
        order: OrderId::from_uuid(Uuid::from_u128(1)),
        customer: CustomerId::from_uuid(Uuid::from_u128(2)),
        store: StoreId::from_uuid(Uuid::from_u128(3)),
        cell: Cell::parse("east-a").unwrap(),
        amount_minor,
        currency: Currency::USD,
        method: Text::new("pm_approved").unwrap(),
        generation,
        capture: CaptureMethod::Manual,
    }
}

const fn whole(amount_minor: i64) -> Part {
    Part { number: 1, amount_minor, last: false }
}

const fn part(number: usize, amount_minor: i64) -> Part {
    Part { number, amount_minor, last: false }
}

const fn last(number: usize, amount_minor: i64) -> Part {
    Part { number, amount_minor, last: true }
}

fn begun(amount_minor: i64) -> Payment {
    Payment::begin(PaymentId::from_uuid(Uuid::from_u128(4)), terms(amount_minor, 1)).0
}

fn begun_with(capture: CaptureMethod, amount_minor: i64) -> Payment {
    let terms = Terms { capture, ..terms(amount_minor, 1) };
    Payment::begin(PaymentId::from_uuid(Uuid::from_u128(4)), terms).0
}

/// To be taken in parts.
fn divisible(amount_minor: i64) -> Payment {
    let mut payment = begun_with(CaptureMethod::Multiple, amount_minor);
    answered(&mut payment, Fact::Authorized { reference: REFERENCE });
    payment
}

fn authorized(amount_minor: i64) -> Payment {
    let mut payment = begun(amount_minor);
    answered(&mut payment, Fact::Authorized { reference: REFERENCE });
    payment
}

/// The provider answers the errand.
fn answered(payment: &mut Payment, fact: Fact) -> Changed {
    let told = payment.heard(fact).unwrap();
    match payment.apply(&told, "sandbox") {
        Applied::Changed(changed) => changed,
        other => panic!("{other:?}"),
    }
}

const fn told(step: Step, number: i32, fact: Fact) -> Told {
    Told { step, number, amount_minor: None, fact }
}

fn acts(changed: &Changed) -> Vec<&str> {
    changed.postings.iter().map(|posting| posting.what.as_str()).collect()
}

#[test]
fn more_than_was_authorized_is_never_captured() {
    let mut payment = authorized(1000);

    assert_eq!(payment.capture(whole(1001)), Err(CaptureError::ExceedsAuthorized));
    assert_eq!(payment.state(), State::Authorized);
}

#[test]
fn the_same_capture_again_changes_nothing_and_another_amount_is_refused() {
    let mut payment = authorized(1000);
    assert!(payment.capture(whole(700)).unwrap().is_some());

    assert_eq!(payment.capture(whole(700)), Ok(None));
    assert_eq!(payment.capture(whole(600)), Err(CaptureError::AlreadyCaptured));
}

#[test]
fn a_void_that_finds_money_we_did_not_know_of_books_it_and_books_it_back() {
    let mut payment = begun(1000);
    payment.void().unwrap().unwrap();

    let changed = answered(&mut payment, Fact::Released { reference: REFERENCE });

    assert_eq!(acts(&changed), ["authorize:1", "void:1"]);
    assert_eq!(changed.answers.len(), 2);
    assert_eq!(payment.state(), State::Voided);
}

#[test]
fn a_late_answer_of_an_authorization_that_is_being_voided_changes_nothing() {
    let mut payment = begun(1000);
    payment.void().unwrap().unwrap();

    let late = told(Step::Authorize, 1, Fact::Authorized { reference: REFERENCE });

    assert_eq!(payment.apply(&late, "sandbox"), Applied::Stale);
    assert_eq!(payment.state(), State::Voiding);
}

#[test]
fn nothing_to_pay_needs_no_provider_from_end_to_end() {
    let (mut payment, changed) =
        Payment::begin(PaymentId::from_uuid(Uuid::from_u128(4)), terms(0, 1));
    assert_eq!((payment.state(), changed.asked), (State::Authorized, vec![]));

    assert_eq!(payment.capture(whole(0)).unwrap().unwrap().asked, []);
    assert_eq!(payment.errand(), Some(Errand::Plain(Fact::Captured)));
    assert_eq!(answered(&mut payment, Fact::Captured).postings, []);
}

#[test]
fn what_the_provider_says_of_another_amount_is_believed_by_nobody() {
    let mut payment = begun(1000);
    let mut other = told(Step::Authorize, 1, Fact::Authorized { reference: REFERENCE });
    other.amount_minor = Some(999);

    assert_eq!(payment.apply(&other, "sandbox"), Applied::Contradiction);
    assert_eq!(payment, begun(1000));
}

#[test]
fn a_larger_authorization_replaces_the_smaller_which_is_let_go() {
    let mut payment = authorized(1000);
    assert_eq!(payment.ask_again(terms(1000, 2)), Err(AgainError), "no more than is held");
    assert_eq!(payment.ask_again(terms(1500, 3)), Err(AgainError), "a try was left out");

    payment.ask_again(terms(1500, 2)).unwrap();
    let changed = answered(&mut payment, Fact::Authorized { reference: Uuid::from_u128(10) });
    assert_eq!(acts(&changed), ["authorize:2"]);
    assert_eq!(payment.state(), State::Authorized);

    let Some(Errand::Void { target, .. }) = payment.errand() else { panic!("nothing is let go") };
    assert!(target.ends_with(":authorize:1"));
    let changed = answered(&mut payment, Fact::Released { reference: REFERENCE });
    assert_eq!((acts(&changed), payment.errand()), (vec!["void:1"], None));
    assert_eq!(payment.standing().authorized_minor, 1500);
}

#[test]
fn a_larger_authorization_that_is_refused_leaves_the_smaller_standing() {
    let mut payment = authorized(1000);
    payment.ask_again(terms(1500, 2)).unwrap();

    answered(&mut payment, Fact::Declined { class: DeclineClass::RetryLater });

    assert_eq!((payment.state(), payment.generation()), (State::Authorized, 1));
    assert_eq!(payment.standing().authorized_minor, 1000);
    assert!(payment.capture(whole(1000)).unwrap().is_some());
}

#[test]
fn a_void_during_a_larger_try_lets_both_go() {
    let mut payment = authorized(1000);
    payment.ask_again(terms(1500, 2)).unwrap();
    let changed = payment.void().unwrap().unwrap();
    let asked: Vec<_> = changed.asked.iter().map(|call| (call.step, call.generation)).collect();
    assert_eq!(asked, [(Step::Void, 1), (Step::Void, 2)]);

    answered(&mut payment, Fact::Released { reference: REFERENCE });
    assert_eq!(payment.state(), State::Voiding);
    answered(&mut payment, Fact::Forbidden);
    assert_eq!((payment.state(), payment.errand()), (State::Voided, None));
}

#[test]
fn an_expired_authorization_is_asked_for_once_more_and_then_taken() {
    let mut payment = authorized(1000);
    payment.capture(whole(800)).unwrap().unwrap();

    let changed = answered(&mut payment, Fact::Expired);
    assert_eq!((acts(&changed), changed.news), (vec!["expire:1"], Some(News::Expired)));
    let renewed = payment.go_on().unwrap();
    assert_eq!(renewed.asked[0].generation, 2);
    answered(&mut payment, Fact::Authorized { reference: Uuid::from_u128(10) });
    let taking = payment.go_on().unwrap();
    assert_eq!((taking.asked[0].step, taking.asked[0].amount_minor), (Step::Capture, 800));
    answered(&mut payment, Fact::Captured);

    assert_eq!((payment.state(), payment.go_on()), (State::Captured, None));
}

#[test]
fn a_renewal_that_fails_leaves_a_debt_in_the_books() {
    for fact in [Fact::Declined { class: DeclineClass::DoNotRetry }, Fact::Expired] {
        let mut payment = authorized(1000);
        payment.capture(whole(800)).unwrap().unwrap();
        answered(&mut payment, Fact::Expired);
        payment.go_on().unwrap();

        let changed = if fact == Fact::Expired {
            answered(&mut payment, Fact::Authorized { reference: Uuid::from_u128(10) });
            payment.go_on().unwrap();
            answered(&mut payment, fact);
            payment.go_on().unwrap()
        } else {
            answered(&mut payment, fact)
        };

        assert_eq!((acts(&changed), changed.news), (vec!["owe:2"], Some(News::Owed)));
        assert_eq!(payment.state(), State::Owed);
    }
}

#[test]
fn a_void_that_comes_too_late_gives_the_money_back() {
    let mut payment = authorized(1000);
    payment.void().unwrap().unwrap();

    let taken = Fact::AlreadyTaken { reference: REFERENCE, captured_minor: 900 };
    let changed = answered(&mut payment, taken);

    assert!(changed.give_back);
    assert_eq!((acts(&changed), payment.state()), (vec!["capture:1"], State::Captured));
    assert_eq!(payment.standing().captured_minor, 900);
}

#[test]
fn a_void_of_what_had_expired_books_the_expiry_and_no_void_that_the_provider_does_not_know() {
    let mut payment = authorized(1000);
    payment.void().unwrap().unwrap();

    let changed = answered(&mut payment, Fact::Expired);

    assert_eq!((payment.state(), acts(&changed)), (State::Voided, vec!["expire:1"]));
}

#[test]
fn money_held_for_an_ended_payment_is_let_go() {
    let mut payment = begun(1000);
    payment.void().unwrap().unwrap();
    answered(&mut payment, Fact::Forbidden);

    let mut zombie = told(Step::Authorize, 2, Fact::Authorized { reference: REFERENCE });
    zombie.amount_minor = Some(1000);
    assert!(matches!(payment.apply(&zombie, "sandbox"), Applied::Changed(_)));
    assert_eq!(payment.apply(&zombie, "sandbox"), Applied::Stale);

    let Some(Errand::Void { target, .. }) = payment.errand() else { panic!("nothing is let go") };
    assert!(target.ends_with(":authorize:2"));
    answered(&mut payment, Fact::Released { reference: REFERENCE });
    assert_eq!((payment.state(), payment.errand()), (State::Voided, None));
}

#[test]
fn what_is_taken_at_once_is_found_taken_by_a_later_capture() {
    let mut payment = begun_with(CaptureMethod::Automatic, 1000);
    answered(&mut payment, Fact::Authorized { reference: REFERENCE });
    let taking = payment.go_on().unwrap();
    assert_eq!((taking.asked[0].step, taking.asked[0].amount_minor), (Step::Capture, 1000));
    answered(&mut payment, Fact::Captured);

    assert_eq!((payment.state(), payment.go_on()), (State::Captured, None));
    assert_eq!(payment.capture(whole(1000)), Ok(None));
    assert_eq!(payment.void(), Err(VoidError::AlreadyCaptured), "it is given back instead");
}

#[test]
fn parts_are_taken_one_after_the_other_up_to_what_is_held() {
    let mut payment = divisible(1000);
    for (number, minor) in [(1, 400), (2, 600)] {
        assert_eq!(payment.capture(part(number, 1001)), Err(CaptureError::ExceedsAuthorized));
        payment.capture(part(number, minor)).unwrap().unwrap();
        assert_eq!(payment.capture(part(number, minor)), Ok(None), "it is under way");
        let changed = answered(&mut payment, Fact::Captured);
        assert_eq!(acts(&changed), [format!("capture:{number}")]);
        assert_eq!(payment.capture(part(number, minor)), Ok(None), "it is done");
    }

    assert_eq!((payment.state(), payment.standing().captured_minor), (State::Captured, 1000));
    assert_eq!(payment.capture(part(1, 399)), Err(CaptureError::AlreadyCaptured));
    assert_eq!(payment.capture(part(4, 1)), Err(CaptureError::NoSuchPart));
}

#[test]
fn what_is_taken_whole_has_no_second_part() {
    assert_eq!(authorized(1000).capture(part(2, 1)), Err(CaptureError::NoSuchPart));
}

#[test]
fn the_last_part_frees_the_rest() {
    let mut payment = divisible(1000);
    payment.capture(part(1, 400)).unwrap();
    answered(&mut payment, Fact::Captured);
    payment.capture(last(2, 100)).unwrap();

    let changed = answered(&mut payment, Fact::Captured);

    let freed = changed.postings[0].lines[0].amount_minor;
    assert_eq!((payment.state(), freed), (State::Captured, -600));
    assert_eq!(payment.capture(part(3, 1)), Err(CaptureError::AlreadyCaptured));
}

#[test]
fn the_rest_is_let_go_without_taking_more() {
    let mut payment = divisible(1000);
    assert_eq!(payment.capture(last(1, 0)), Err(CaptureError::NothingToCapture));
    payment.capture(part(1, 400)).unwrap();
    answered(&mut payment, Fact::Captured);

    let changed = payment.capture(last(2, 0)).unwrap().unwrap();
    assert_eq!((changed.asked[0].step, changed.asked[0].amount_minor), (Step::Void, 600));
    assert_eq!(payment.capture(part(2, 1)), Err(CaptureError::AlreadyCaptured));
    let released = Fact::RestReleased { reference: REFERENCE, captured_minor: 400 };
    let changed = answered(&mut payment, released);

    assert_eq!((payment.state(), acts(&changed)), (State::Captured, vec!["void:1"]));
    assert_eq!(payment.capture(last(2, 0)), Ok(None));
    let again = told(Step::Void, 1, released);
    assert_eq!(payment.apply(&again, "sandbox"), Applied::Stale);
}

#[test]
fn a_void_after_the_first_part_frees_the_rest_and_gives_the_part_back() {
    let mut payment = divisible(1000);
    payment.capture(part(1, 400)).unwrap();
    answered(&mut payment, Fact::Captured);

    let changed = payment.void().unwrap().unwrap();

    assert!(changed.give_back);
    assert_eq!(payment.void(), Err(VoidError::AlreadyCaptured));
    answered(&mut payment, Fact::RestReleased { reference: REFERENCE, captured_minor: 400 });
    assert_eq!(payment.state(), State::Captured);
}

#[test]
fn a_rest_that_expires_ends_the_payment_with_what_was_taken() {
    for taking in [false, true] {
        let mut payment = divisible(1000);
        payment.capture(part(1, 400)).unwrap();
        answered(&mut payment, Fact::Captured);

        let changed = if taking {
            payment.capture(part(2, 300)).unwrap();
            answered(&mut payment, Fact::Expired)
        } else {
            let expired = told(Step::Authorize, 1, Fact::Expired);
            let Applied::Changed(changed) = payment.apply(&expired, "sandbox") else { panic!() };
            changed
        };

        assert_eq!((payment.state(), acts(&changed)), (State::Captured, vec!["expire:1"]));
        assert_eq!(payment.standing().captured_minor, 400);
    }
}

#[test]
fn a_part_that_is_refused_leaves_those_before_it() {
    let mut payment = divisible(1000);
    payment.capture(part(1, 400)).unwrap();
    answered(&mut payment, Fact::Captured);
    payment.capture(last(2, 600)).unwrap();

    answered(&mut payment, Fact::CaptureRefused);

    assert_eq!(payment.state(), State::PartlyCaptured);
    assert!(!payment.has_taken(&last(2, 600)));
    assert!(payment.capture(part(2, 500)).unwrap().is_some());
}
