//! Waits at a queue for messages.

use std::time::Instant;

use tokio::sync::mpsc;

use super::Queue;
use crate::LogError;

/// The most that a call brings.
const MESSAGES_MAX: i32 = 10;
/// How long a call waits for the first one. SQS is paid by the call.
const WAIT_S: i32 = 10;

/// A message that came.
pub(super) struct Arrival {
    pub(super) body: String,
    /// The right to delete it.
    pub(super) receipt: String,
    /// Since when it is hidden from others.
    pub(super) since: Instant,
}

/// Hands messages on until nobody takes them any more or the queue does not answer.
pub(super) async fn receive(queue: Queue, arrivals: mpsc::Sender<Result<Arrival, LogError>>) {
    // Asks for nothing while nobody has room.
    while let Ok(room) = arrivals.reserve().await {
        drop(room);
        let asked = queue
            .client
            .receive_message()
            .queue_url(&queue.url)
            .max_number_of_messages(MESSAGES_MAX)
            .wait_time_seconds(WAIT_S)
            .visibility_timeout(queue.visibility_s());
        let found = match asked.send().await {
            Ok(found) => found.messages.unwrap_or_default(),
            Err(error) => {
                let _nobody_listens = arrivals.send(Err(LogError::aws(error))).await;
                return;
            }
        };
        let since = Instant::now();
        for message in found {
            let (Some(body), Some(receipt)) = (message.body, message.receipt_handle) else {
                continue;
            };
            if arrivals.send(Ok(Arrival { body, receipt, since })).await.is_err() {
                return;
            }
        }
    }
}
