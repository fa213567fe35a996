//! Customers, kitchen, couriers and support: they take steps whenever the table lets them.

use std::time::Duration;

use super::{ORDERS, Shared, database::now};
use crate::domain::{Actor, Decision, Fulfilment, Order, State, Verdict};

/// Acts for as long as things break; whoever is then in the middle of something finishes it.
pub(super) async fn act(shared: Shared, until: Duration) -> turmoil::Result {
    while now() < until {
        tokio::time::sleep(shared.up_to(400)).await;
        for which in 0..ORDERS {
            let way = way(&shared, shared.database.borrow().order(which));
            if let Some(way) = way {
                shared.database.borrow_mut().take_over(which, &way);
            }
        }
    }
    Ok(())
}

fn way(shared: &Shared, order: &Order) -> Option<Verdict> {
    let roll = shared.roll();
    if roll < 0.003 && order.may_cancel(Actor::Customer).is_ok() {
        return Some(to(&[State::Cancelling], Some("customer_changed_mind")));
    }
    let brought = order.fulfilment == Fulfilment::Delivery;
    match order.state {
        State::Confirmed if roll > 0.9 => Some(to(&[State::Preparing], None)),
        State::Preparing if roll > 0.9 => Some(to(&[State::Ready], None)),
        State::Ready if brought && roll > 0.9 => Some(to(&[State::Dispatched], None)),
        State::Ready if !brought && roll > 0.95 => {
            Some(to(&[State::Delivered, State::Capturing], None))
        }
        State::Ready if !brought && roll < 0.02 => {
            Some(to(&[State::Undelivered], Some("not-collected")))
        }
        State::Dispatched if roll > 0.9 => Some(to(&[State::Delivered, State::Capturing], None)),
        State::Dispatched if roll < 0.05 => Some(to(&[State::Undelivered], None)),
        State::Undelivered if roll > 0.9 => {
            let decisions =
                [Decision::SecondTry, Decision::CustomerAbsent, Decision::NotTheirFault];
            let which = if roll > 0.96 {
                0
            } else if roll > 0.93 {
                1
            } else {
                2
            };
            order.decided(decisions[which]).ok()
        }
        _ => None,
    }
}

fn to(states: &[State], cause: Option<&str>) -> Verdict {
    Verdict { states: states.to_vec(), cause: cause.map(str::to_owned) }
}
