//! A reader of an SQS queue. What is applied is deleted; what is being applied is kept from others.

mod held;
mod receive;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::{
    held::Held,
    receive::{Arrival, receive},
};
use super::cloud_event;
use crate::{Consumer, Delivery, LogError, Mark};

/// Long polls at once.
const RECEIVERS: usize = 2;
/// Messages that came and nobody took yet.
const WAITING_MAX: usize = 20;

/// Numbers readers and messages: a queue has no offsets, so each message is given the next number when it
/// comes. No two readers of a process share one, and what a former one read is never taken for another.
static NUMBERS: AtomicI64 = AtomicI64::new(1);

fn next_number() -> i64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

pub(super) struct SqsConsumer {
    queue: Queue,
    arrivals: mpsc::Receiver<Result<Arrival, LogError>>,
    held: Held,
    lease: i64,
    renew_at: Instant,
    receivers: Vec<AbortOnDropHandle<()>>,
}

/// Where messages come from.
#[derive(Debug, Clone)]
struct Queue {
    client: Client,
    url: String,
    /// How long a message is hidden from others.
    visibility: Duration,
}

impl Queue {
    fn visibility_s(&self) -> i32 {
        i32::try_from(self.visibility.as_secs().max(1)).unwrap_or(i32::MAX)
    }
}

impl SqsConsumer {
    pub(super) async fn join(
        client: Client,
        name: &str,
        visibility: Duration,
    ) -> Result<Self, LogError> {
        let found = client.get_queue_url().queue_name(name).send().await.map_err(LogError::aws)?;
        let url = found.queue_url.ok_or(LogError::Broken("a queue has no address"))?;
        let queue = Queue { client, url, visibility };
        let (sender, arrivals) = mpsc::channel(WAITING_MAX);
        let receivers = (0..RECEIVERS).map(|_| {
            #[expect(
                clippy::disallowed_methods,
                reason = "it only reads; dropping the handle ends it"
            )]
            let receiver = tokio::spawn(receive(queue.clone(), sender.clone()));
            AbortOnDropHandle::new(receiver)
        });
        Ok(Self {
            receivers: receivers.collect(),
            arrivals,
            held: Held::default(),
            lease: next_number(),
            renew_at: Instant::now() + visibility / 3,
            queue,
        })
    }

    async fn poll_once(&mut self, most: usize, wait: Duration) -> Result<Vec<Delivery>, LogError> {
        if self.renew_at <= Instant::now() {
            self.held.renew(&self.queue).await?;
            self.renew_at = Instant::now() + self.queue.visibility / 3;
        }
        if most == 0 {
            tokio::time::sleep(wait).await;
            return Ok(Vec::new());
        }
        #[expect(clippy::disallowed_methods, reason = "drops a wait; recv may be cancelled")]
        let first = tokio::time::timeout(wait, self.arrivals.recv()).await;
        let mut arrived = match first {
            Ok(Some(first)) => vec![first?],
            Ok(None) => return Err(LogError::Broken("nobody waits at the queue")),
            Err(_) => return Ok(Vec::new()),
        };
        while arrived.len() < most
            && let Ok(next) = self.arrivals.try_recv()
        {
            arrived.push(next?);
        }
        Ok(arrived.into_iter().filter_map(|arrival| self.take(arrival)).collect())
    }

    /// Gives a message its number; one that waited so long that others may see it is left to them.
    fn take(&mut self, arrival: Arrival) -> Option<Delivery> {
        if arrival.since.elapsed() > self.queue.visibility / 2 {
            return None;
        }
        let record = cloud_event::record_of(&arrival.body);
        let offset = next_number();
        self.held.add(&record, offset, arrival.receipt);
        Some(Delivery { record, offset, lease: self.lease })
    }

    /// Only what is applied is marked, so a deletion by one whose messages others see as well is right too.
    async fn delete_marked(&mut self, marks: &[Mark]) -> Result<Vec<Mark>, LogError> {
        let (ours, lost): (Vec<&Mark>, Vec<&Mark>) =
            marks.iter().partition(|mark| mark.lease == self.lease);
        self.held.delete(&self.queue, &ours).await?;
        Ok(lost.into_iter().cloned().collect())
    }

    /// What is in the queue and in anybody's hands.
    async fn measure(&self) -> Result<i64, LogError> {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self.queue.client.get_queue_attributes().queue_url(&self.queue.url);
        let told = asked.set_attribute_names(Some(counts.to_vec())).send().await;
        let told = told.map_err(LogError::aws)?;
        let count = |name| told.attributes()?.get(name)?.parse::<i64>().ok();
        Ok(counts.iter().filter_map(count).sum())
    }
}

impl Consumer for SqsConsumer {
    fn poll(
        &mut self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, LogError>> {
        Box::pin(self.poll_once(most, wait))
    }

    fn commit<'a>(&'a mut self, marks: &'a [Mark]) -> BoxFuture<'a, Result<Vec<Mark>, LogError>> {
        Box::pin(self.delete_marked(marks))
    }

    fn seek<'a>(&'a mut self, _: &'a str, _: u16, _: i64) -> BoxFuture<'a, Result<(), LogError>> {
        let cannot =
            LogError::Cannot("sqs keeps nothing that was applied, so nothing is read again");
        Box::pin(std::future::ready(Err(cannot)))
    }

    fn lag(&mut self) -> BoxFuture<'_, Result<i64, LogError>> {
        Box::pin(self.measure())
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, Result<(), LogError>> {
        Box::pin(async move {
            self.receivers.clear();
            self.held.give_back(&self.queue).await
        })
    }
}
