//! Tables and properties of refunds.

use common::types::Currency;
use proptest::prelude::*;

use super::*;

const ANNA: Uuid = Uuid::from_u128(1);
const BEN: Uuid = Uuid::from_u128(2);

fn asked(amount_minor: i64, by: Option<Uuid>) -> Refund {
    let terms = RefundTerms {
        amount_minor,
        currency: Currency::USD,
        reason: Reason::Quality,
        liable: Liable::Store,
        lines: Vec::new(),
        asked_by: by,
    };
    Refund::ask(Uuid::from_u128(3), OrderId::from_uuid(Uuid::from_u128(4)), 1, terms)
}

fn under_way(call: i32) -> Refund {
    Refund { call, ..asked(500, Some(ANNA)) }
}

const fn told(number: i32, fact: Fact) -> Told {
    Told { step: Step::Refund, number, amount_minor: Some(500), fact }
}

#[test]
fn much_money_needs_a_second_person_and_a_machine_needs_none() {
    assert_eq!(asked(10_000, Some(ANNA)).state, RefundState::Submitting);
    assert_eq!(asked(10_001, None).state, RefundState::Submitting);

    let mut refund = asked(10_001, Some(ANNA));
    assert_eq!(refund.state, RefundState::AwaitingApproval);
    assert_eq!(refund.decide(ANNA, true), Err(ApproveError::SamePerson));
    assert_eq!(refund.decide(BEN, true), Ok(true));
    assert_eq!(refund.decide(BEN, true), Ok(false), "the same again changes nothing");
    assert_eq!(refund.decide(BEN, false), Err(ApproveError::NotAwaiting));
    assert_eq!(refund.state, RefundState::Submitting);
}

#[test]
fn who_does_not_agree_ends_it() {
    let mut refund = asked(10_001, Some(ANNA));
    assert_eq!(refund.decide(BEN, false), Ok(true));
    assert_eq!(refund.decide(BEN, false), Ok(false));
    assert_eq!(refund.decide(BEN, true), Err(ApproveError::NotAwaiting));
    assert_eq!(refund.state, RefundState::Refused);
}

#[test]
fn after_five_refusals_a_person_takes_over() {
    let mut refund = under_way(1);
    for call in 1..=5 {
        refund.call = call;
        assert!(!refund.give_up());
        assert_eq!(refund.apply(&told(call, Fact::RefundRefused)), RefundHeard::Failed);
        if call < 5 {
            assert!(refund.resubmit());
        }
    }
    assert!(refund.give_up());
    assert_eq!(refund.state, RefundState::Manual);
}

#[test]
fn a_refund_that_was_done_although_it_was_refused_is_for_a_person() {
    let mut refund = under_way(2);
    assert_eq!(refund.apply(&told(1, Fact::Refunded)), RefundHeard::Contradiction);
    assert_eq!(refund.apply(&told(1, Fact::RefundRefused)), RefundHeard::Stale);
    assert_eq!(refund.apply(&told(3, Fact::Refunded)), RefundHeard::Contradiction);
    let other = Told { amount_minor: Some(501), ..told(2, Fact::Refunded) };
    assert_eq!(refund.apply(&other), RefundHeard::Contradiction);
}

proptest! {
    #[test]
    fn however_often_and_late_it_is_told_it_succeeds_once(
        facts in prop::collection::vec((1_i32..4, prop::bool::ANY), 0..20),
    ) {
        let mut refund = under_way(2);
        let mut succeeded = 0;
        for (number, done) in facts {
            let before = refund.clone();
            let fact = if done { Fact::Refunded } else { Fact::RefundRefused };
            match refund.apply(&told(number, fact)) {
                RefundHeard::Succeeded => succeeded += 1,
                RefundHeard::Failed => {}
                _ => prop_assert_eq!(&refund, &before, "what changes nothing leaves everything"),
            }
            if refund.state != before.state {
                prop_assert!(before.state.next().contains(&refund.state));
            }
        }
        prop_assert_eq!(succeeded, i32::from(refund.state == RefundState::Succeeded));
    }

    #[test]
    fn no_more_is_ever_promised_than_was_taken(
        captured_minor in 0_i64..=100_000_000,
        asks in prop::collection::vec((1_i64..=60_000_000, 0_u8..3), 0..20),
    ) {
        let mut now = Refundable { captured_minor, refunded_minor: 0, refunding_minor: 0 };
        for (amount_minor, end) in asks {
            let Ok(promised) = now.promise(amount_minor) else {
                prop_assert!(captured_minor == 0 || amount_minor > now.left_minor());
                continue;
            };
            now = match end {
                0 => Refundable {
                    refunding_minor: promised.refunding_minor - amount_minor,
                    refunded_minor: promised.refunded_minor + amount_minor,
                    ..promised
                },
                1 => Refundable {
                    refunding_minor: promised.refunding_minor - amount_minor,
                    ..promised
                },
                _ => promised,
            };
            prop_assert!(now.left_minor() >= 0);
            prop_assert!(now.refunded_minor <= now.captured_minor);
        }
    }

    #[test]
    fn lines_add_up_to_the_whole(amounts in prop::collection::vec(0_i64..=2_000_000, 1..=50)) {
        let lines: Vec<_> = amounts.iter().map(|minor| line(*minor)).collect();
        let sum = amounts.iter().sum::<i64>();

        let expected = if sum > 0 { Ok(sum) } else { Err(RefundError::Nothing) };
        prop_assert_eq!(total_minor(None, &lines), expected);
        prop_assert_eq!(total_minor(Some(sum), &lines), Err(RefundError::AmountOrLines));
    }
}

fn line(amount_minor: i64) -> RefundLine {
    RefundLine {
        item: common::types::ItemId::from_uuid(Uuid::from_u128(5)),
        quantity: common::types::Quantity::new(1).unwrap(),
        amount_minor,
    }
}

#[test]
fn neither_amount_nor_lines_is_nothing_to_go_by() {
    assert_eq!(total_minor(None, &[]), Err(RefundError::AmountOrLines));
    assert_eq!(total_minor(Some(0), &[]), Err(RefundError::Nothing));
    assert_eq!(total_minor(None, &vec![line(1); 51]), Err(RefundError::AmountOrLines));
    let two = [line(i64::MAX), line(1)];
    assert_eq!(total_minor(None, &two), Err(RefundError::ExceedsCaptured));
}
