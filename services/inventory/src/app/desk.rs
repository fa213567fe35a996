//! Where orders wait for stock: those who come while a transaction runs share the next one.
//!
//! One row of stock takes one lock at a time and a commit waits for the disk, so a popular item sells as
//! fast as orders share commits. Whoever's turn it is serves all who wait; nobody waits for company.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use common::types::{Class, Fault, Timestamp};
use event_kit::outbox::{self, Told};
use futures::future::{Either, select};
use postgres_kit::{Db, StoreError};
use tokio::sync::{Semaphore, oneshot};
use tracing::Span;

use crate::{
    domain::{Verdict, Wanted, allocate},
    events, store,
};

/// While one transaction commits, the next one asks for the locks.
const TURNS: usize = 2;
const TOGETHER_MAX: usize = 32;
const ATTEMPTS_MAX: u32 = 3;

pub(super) struct Desk {
    waiting: Mutex<VecDeque<Waiting>>,
    turns: Semaphore,
}

struct Waiting {
    want: Wanted,
    span: Span,
    reply: oneshot::Sender<Result<Verdict, DeskError>>,
}

/// The order was not decided.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum DeskError {
    #[error("the holds could not be stored")]
    Store(#[from] Arc<StoreError>),
    #[error("the one whose turn it was did not come back")]
    Lost,
}

impl Fault for DeskError {
    fn class(&self) -> Class {
        match self {
            // Another transaction was quicker three times; this one did nothing.
            Self::Store(error) if error.class() == Class::Conflict => Class::Unavailable,
            Self::Store(error) => error.class(),
            Self::Lost => Class::Unknown,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Lost => "reservation-lost",
        }
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turns: Semaphore::new(TURNS) }
    }
}

impl Desk {
    /// Waits for a decision about an order.
    pub(super) async fn ask(
        &self,
        db: &Db,
        want: Wanted,
        now: Timestamp,
    ) -> Result<Verdict, DeskError> {
        let (reply, mut answer) = oneshot::channel();
        self.queue().push_back(Waiting { want, span: Span::current(), reply });
        // The answer is looked at first: whoever was served leaves the turn to those who were not, else
        // everyone would serve the one or two who came since the last turn, and few share a commit.
        match select(&mut answer, pin!(self.turns.acquire())).await {
            Either::Left((verdict, _)) => return verdict.unwrap_or(Err(DeskError::Lost)),
            Either::Right((turn, _)) => {
                let together = self.next();
                if turn.is_ok() && !together.is_empty() {
                    serve(db, together, now).await;
                }
            }
        }
        answer.await.unwrap_or(Err(DeskError::Lost))
    }

    fn next(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let count = queue.len().min(TOGETHER_MAX);
        queue.drain(..count).collect()
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(db: &Db, mut together: Vec<Waiting>, now: Timestamp) {
    // Facts are staged in the order of their keys.
    together.sort_by_key(|one| one.want.order);
    let outcome = decide(db, &together, now).await;
    if let Err(error) = &outcome
        && (error.class() == Class::Broken || matches!(error, StoreError::Stale { .. }))
        && together.len() > 1
    {
        // One of them cannot be stored, or others are quicker with one of them each time; the rest shall
        // not suffer for it.
        for alone in together {
            let outcome = decide(db, std::slice::from_ref(&alone), now).await;
            answer(vec![alone], outcome);
        }
        return;
    }
    answer(together, outcome);
}

fn answer(together: Vec<Waiting>, outcome: Result<Vec<Verdict>, StoreError>) {
    let outcome = outcome.map_err(Arc::new);
    let mut verdicts = outcome.as_ref().map(|verdicts| verdicts.iter()).map_err(Arc::clone);
    for one in together {
        let verdict = match &mut verdicts {
            Ok(verdicts) => verdicts.next().cloned().ok_or(DeskError::Lost),
            Err(error) => Err(DeskError::Store(Arc::clone(error))),
        };
        // Whoever does not wait any more asks again with the same order.
        let _nobody_waits = one.reply.send(verdict);
    }
}

/// Decides, again where somebody else was quicker with one of the orders.
async fn decide(db: &Db, together: &[Waiting], now: Timestamp) -> Result<Vec<Verdict>, StoreError> {
    let mut attempt = 1;
    loop {
        match postgres_kit::repeat(|| try_decide(db, together, now)).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS_MAX => attempt += 1,
            outcome => return outcome,
        }
    }
}

async fn try_decide(
    db: &Db,
    together: &[Waiting],
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let wanted: Vec<Wanted> = together.iter().map(|one| one.want.clone()).collect();
    let mut tx = db.begin().await?;
    let survey = store::holds::survey(&mut tx, &wanted).await?;

    let verdicts = allocate(&wanted, survey);

    let served = together.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Held);
    let served: Vec<&Waiting> = served.map(|(one, _)| one).collect();
    if served.is_empty() {
        tx.rollback().await;
        return Ok(verdicts);
    }
    let held: Vec<&Wanted> = served.iter().map(|one| &one.want).collect();
    if let Err(error) = store::holds::insert(&mut tx, &held, now).await {
        tx.rollback().await;
        return Err(error);
    }
    let told = served.iter().map(|one| {
        let _its_own_trace = one.span.enter();
        Told::new(&events::reserved(&one.want))
    });
    let told: Vec<Told> = told.collect::<Result<_, _>>()?;
    outbox::stage_told(&mut tx, &told).await?;
    tx.commit().await?;
    Ok(verdicts)
}
