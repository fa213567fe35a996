//! A worker: the same rules as in `saga.rs`, over the simulated network.

use std::time::Duration;

use futures::future::join_all;

use super::{Shared, database::Claimed, neighbours};
use crate::domain::{Order, Plan, Progress, backoff_ms, next};

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Works on orders that are due until the host crashes.
pub(super) async fn work(shared: Shared) -> turmoil::Result {
    loop {
        let claimed = shared.database.borrow_mut().claim();
        match claimed {
            Some(claimed) => {
                tokio::task::spawn_local(run(shared.clone(), claimed));
            }
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

async fn run(shared: Shared, claimed: Claimed) {
    let Claimed { mut order, mut heard, mut late } = claimed;
    loop {
        // A worker may be frozen anywhere, longer than its lease lasts.
        if shared.in_trouble(0.02) {
            tokio::time::sleep(shared.up_to(20_000)).await;
        }
        match next(&order, &heard, late) {
            Plan::Ask(calls) => {
                let which = usize::try_from(order.number).unwrap_or_default();
                let asked = calls.iter().map(|call| {
                    let generation = call.generation(&order);
                    let stored = shared.database.borrow().was_asked(which, *call, generation);
                    assert!(stored, "{call:?} is asked before that is stored");
                    neighbours::ask(which, *call, generation)
                });
                let answers = join_all(asked).await;
                let known = answers.iter().all(Option::is_some);
                let answers = calls.into_iter().zip(answers);
                heard.extend(answers.filter_map(|(call, answer)| Some((call, answer?))));
                if !known {
                    return give_back(&shared, &order, &heard);
                }
            }
            Plan::Become(verdict) => {
                let settled = shared.database.borrow_mut().settle(&order, &verdict, &heard);
                let Some(settled) = settled else { return };
                order = settled;
                (heard, late) = (Progress::new(), false);
                if order.state.ended() || order.rests() {
                    return;
                }
            }
            Plan::Wait => {
                return shared.database.borrow_mut().give_back(&order, &heard, None);
            }
        }
    }
}

fn give_back(shared: &Shared, order: &Order, heard: &Progress) {
    let tries = u32::try_from(order.attempts).unwrap_or_default();
    let wait_ms = backoff_ms(order.state, tries, shared.roll());
    let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default());
    shared.database.borrow_mut().give_back(order, heard, Some(wait));
}
