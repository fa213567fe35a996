//! At a fixed rate, whatever the server does: every request has a time at which it is meant to be sent,
//! and its wait counts from then on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::ensure;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Operate, Phase, Tally};

struct Plan {
    begun: Instant,
    rate: f64,
    requests: u32,
    next: AtomicU32,
    /// A permit for each request whose time has come.
    due: Semaphore,
    /// One of all: hands are many here, and a histogram of each would be large.
    tally: Mutex<Tally>,
}

/// Sends `rate` requests a second by whichever of `workers` is free. Where none is, the request is sent
/// late, and has been waiting since its time.
pub(crate) async fn open<W: Operate>(
    workers: Vec<W>,
    rate: f64,
    phase: Phase,
) -> anyhow::Result<Tally> {
    let requests = rate * phase.whole().as_secs_f64();
    ensure!((1.0..1e9).contains(&requests), "a rate of {rate} is none");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let requests = requests as u32;
    let (begun, next, due) = (Instant::now(), AtomicU32::new(0), Semaphore::new(0));
    let tally = Mutex::new(Tally::new()?);
    let plan = Arc::new(Plan { begun, rate, requests, next, due, tally });

    let (bell, hands) = (plan.clone(), workers.len());
    std::thread::spawn(move || bell.ring(hands));
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(worker, plan.clone(), phase));
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let mut tally = plan.tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::replace(&mut *tally, Tally::new()?))
}

impl Plan {
    fn time_of(&self, request: u32) -> Instant {
        self.begun + Duration::from_secs_f64(f64::from(request) / self.rate)
    }

    /// On a thread of its own, as the runtime's timers tick in whole milliseconds. The last strokes send
    /// everybody home.
    fn ring(&self, hands: usize) {
        for request in 0..self.requests {
            std::thread::sleep(self.time_of(request).saturating_duration_since(Instant::now()));
            self.due.add_permits(1);
        }
        self.due.add_permits(hands);
    }
}

async fn work<W: Operate>(mut worker: W, plan: Arc<Plan>, phase: Phase) -> anyhow::Result<()> {
    loop {
        plan.due.acquire().await?.forget();
        let request = plan.next.fetch_add(1, Ordering::Relaxed);
        if request >= plan.requests {
            return Ok(());
        }
        let meant = plan.time_of(request);
        let outcome = worker.once_due(meant).await;
        let mut tally = plan.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.note(phase.counts(plan.begun, meant), meant.elapsed(), outcome);
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;

    use super::*;
    use crate::client::{Failure, Wire};

    const PERIOD: Duration = Duration::from_secs(1);
    const STALL: Duration = Duration::from_millis(100);
    const PHASE: Phase =
        Phase { warm_up: Duration::from_millis(500), measured: Duration::from_secs(3) };

    struct Visitor(Wire);

    impl Operate for Visitor {
        async fn once(&mut self) -> Result<(), Failure> {
            self.0.get("/", None).await.map(|_reply| ())
        }
    }

    /// A server that does nothing for a tenth of each second.
    async fn stalling() -> String {
        let begun = Instant::now();
        let answer = move || async move {
            let into = begun.elapsed().as_millis() % PERIOD.as_millis();
            let left = STALL.as_millis().saturating_sub(into);
            tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap())).await;
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", get(answer));
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn visitors(count: usize) -> Vec<Visitor> {
        let wire = Wire::new(&stalling().await).unwrap();
        (0..count).map(|_| Visitor(wire.clone())).collect()
    }

    #[tokio::test]
    async fn a_server_that_stalls_one_second_in_ten_shows_in_p99() {
        let tally = open(visitors(8).await, 500.0, PHASE).await.unwrap();

        assert_eq!(tally.failures, [].into());
        assert_eq!(tally.done, 1_500);
        assert!(tally.wait_ms(0.99) > 80.0, "{} ms", tally.wait_ms(0.99));
    }

    #[tokio::test]
    async fn what_no_worker_was_free_for_waits_from_the_time_it_was_meant_for() {
        struct Slow;
        impl Operate for Slow {
            async fn once(&mut self) -> Result<(), Failure> {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(())
            }
        }
        let phase = Phase { warm_up: Duration::ZERO, measured: Duration::from_millis(500) };

        let tally = open(vec![Slow], 100.0, phase).await.unwrap();

        assert_eq!(tally.done, 50);
        assert!(tally.wait_ms(1.0) > 450.0, "{} ms", tally.wait_ms(1.0));
    }
}
