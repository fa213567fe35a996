//! The worker that finishes what a transaction began. What to do next says `domain`; here it is done.

#[cfg(test)]
mod live;

use std::{pin::Pin, sync::Arc, time::Duration};

use common::types::{Class, Fault};
use futures::future::join_all;
use postgres_kit::StoreError;
use service_kit::{Stop, Stored, Undertaking};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    App,
    app::{Begun, Inbox, Settled},
    clients::{Fleet, Inventory, Payment},
    domain::{self, Call, Heard, Order, Plan, Progress, Verdict},
    store::orders::Claimed,
};

/// How long the worker rests after the database failed it.
const REST: Duration = Duration::from_millis(500);
/// How often it then tries again; together they stay well within a lease.
const SETTLE_TRIES: u32 = 10;

/// Whom the saga asks.
#[derive(Debug, Clone)]
pub struct Participants {
    /// Stock.
    pub inventory: Inventory,
    /// Money.
    pub payment: Payment,
    /// Couriers.
    pub fleet: Fleet,
}

type Work = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Works on orders that were just accepted, until told to stop; then finishes those under way.
pub fn begun(app: App, ask: Participants, inbox: Inbox) -> impl FnOnce(Stop) -> Work {
    move |stop| {
        Box::pin(async move {
            let Inbox(mut inbox) = inbox;
            let under_way = TaskTracker::new();
            while let Some(Some(begun)) = stop.run_until_cancelled(inbox.recv()).await {
                let Begun { order, decided, undertaking } = begun;
                let (app, ask) = (app.clone(), ask.clone());
                let work = Job { app, ask, decided: Some(decided), undertaking };
                under_way.spawn(work.run(order, Progress::new(), false));
            }
            under_way.close();
            under_way.wait().await;
            Ok(())
        })
    }
}

/// Works on orders that are due, whoever began them, until told to stop.
pub fn due(app: App, ask: Participants, slots: usize) -> impl FnOnce(Stop) -> Work {
    move |stop| {
        Box::pin(async move {
            let free = Arc::new(Semaphore::new(slots.max(1)));
            let under_way = TaskTracker::new();
            while !stop.is_cancelled() {
                app.undecided.forget_old();
                match app.claim_due(free.available_permits()).await {
                    Ok(claimed) if claimed.is_empty() => {
                        let _stopped = stop.run_until_cancelled(app.something_due()).await;
                    }
                    Ok(claimed) => {
                        for claimed in claimed {
                            let Ok(slot) = Arc::clone(&free).acquire_owned().await else { break };
                            let undertaking = app.undecided.take(claimed.order.id);
                            let (app, ask) = (app.clone(), ask.clone());
                            let job = Job { app, ask, decided: None, undertaking };
                            under_way.spawn(async move {
                                job.resume(claimed).await;
                                drop(slot);
                            });
                        }
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "due orders could not be claimed");
                        let _stopped = stop.run_until_cancelled(tokio::time::sleep(REST)).await;
                    }
                }
            }
            under_way.close();
            under_way.wait().await;
            Ok(())
        })
    }
}

/// One order's turn with this worker.
struct Job {
    app: App,
    ask: Participants,
    /// Who waits for the decision.
    decided: Option<oneshot::Sender<Stored>>,
    /// What is undecided as long as the order is.
    undertaking: Undertaking,
}

impl Job {
    async fn resume(self, claimed: Claimed) {
        let Claimed { mut order, late, overdue } = claimed;
        match self.remember(&mut order, overdue).await {
            Ok(Some(heard)) => self.run(order, heard, late).await,
            Ok(None) => {}
            Err(error) => given_up(&order, &error),
        }
    }

    /// What is known of an order that another worker may have begun. `None`: somebody else has it by now.
    async fn remember(
        &self,
        order: &mut Order,
        overdue: bool,
    ) -> Result<Option<Progress>, StoreError> {
        if overdue && !self.app.raise_alert(order).await? {
            return Ok(None);
        }
        self.app.progress_of(order).await.map(Some)
    }

    /// Goes on until the order rests, an answer stays away, or somebody else has the order. A failure of
    /// the database leaves the order to its lease: another worker takes it 15 s later.
    async fn run(mut self, mut order: Order, mut heard: Progress, mut late: bool) {
        loop {
            match domain::next(&order, &heard, late) {
                Plan::Ask(calls) => {
                    if !self.hear(&order, &calls, &mut heard).await {
                        let wait_ms =
                            domain::backoff_ms(order.state, tries(&order), rand::random());
                        self.rest(&order, &heard, Some(wait_ms)).await;
                        return self.leave(&order);
                    }
                }
                Plan::Become(verdict) => match self.settle(&order, &verdict, &heard).await {
                    Ok(Some(settled)) => {
                        self.tell(settled.decided, &settled.order);
                        order = settled.order;
                        heard.clear();
                        late = false;
                        if order.state.ended() || settled.rests {
                            return;
                        }
                    }
                    Ok(None) => return,
                    Err(error) => {
                        given_up(&order, &error);
                        return self.leave(&order);
                    }
                },
                Plan::Wait => return self.rest(&order, &heard, None).await,
            }
        }
    }

    /// Makes a verdict true, patiently: the lease leaves time for a database that is busy for a moment.
    async fn settle(
        &self,
        order: &Order,
        verdict: &Verdict,
        heard: &Progress,
    ) -> Result<Option<Settled>, StoreError> {
        let mut left = SETTLE_TRIES;
        loop {
            match self.app.settle(order, verdict, heard).await {
                Err(error) if error.class() == Class::Unavailable && left > 0 => {
                    left -= 1;
                    tokio::time::sleep(REST).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Makes the calls, at once; false where an answer stayed away.
    async fn hear(&self, order: &Order, calls: &[Call], heard: &mut Progress) -> bool {
        let answers = join_all(calls.iter().map(|call| self.call(order, *call))).await;
        for (call, answer) in calls.iter().zip(&answers) {
            if let Some(answer) = answer {
                heard.insert(*call, answer.clone());
            }
        }
        answers.iter().all(Option::is_some)
    }

    async fn call(&self, order: &Order, call: Call) -> Option<Heard> {
        let Participants { inventory, payment, fleet } = &self.ask;
        match call {
            Call::Reserve => inventory.reserve(order, self.app.now()).await,
            Call::Release => inventory.release(order).await,
            Call::Ship => inventory.ship(order).await,
            Call::Authorize => payment.authorize(order).await,
            Call::Capture => payment.capture(order).await,
            Call::Void => payment.void(order).await,
            Call::Deliver => {
                let terms = self.app.terms_of(order).await?;
                fleet.deliver(order, &terms).await
            }
            Call::Recall => fleet.recall(order).await,
        }
    }

    async fn rest(&self, order: &Order, heard: &Progress, wait_ms: Option<i64>) {
        if let Err(error) = self.app.give_back(order, heard, wait_ms).await {
            given_up(order, &error);
        }
    }

    /// What was asked is not answered yet: a new order may be begun meanwhile, but not any number.
    fn leave(self, order: &Order) {
        if !is_decided(order) {
            self.app.undecided.keep(order.id, self.undertaking);
        }
    }

    /// Tells who waits, once there is nothing more to undo.
    fn tell(&mut self, decided: Option<Stored>, order: &Order) {
        let undone = is_decided(order);
        if undone {
            std::mem::take(&mut self.undertaking).decided();
        }
        if let (Some(decided), true) = (decided, undone)
            && let Some(waiting) = self.decided.take()
        {
            let _nobody_waits_any_more = waiting.send(decided);
        }
    }
}

/// Whether its customer knows how it is.
const fn is_decided(order: &Order) -> bool {
    order.confirmed || order.state.ended()
}

fn tries(order: &Order) -> u32 {
    u32::try_from(order.attempts).unwrap_or(0)
}

fn given_up(order: &Order, error: &StoreError) {
    tracing::warn!(order.id = %order.id, error = %error, "an order waits for its lease to end");
}
