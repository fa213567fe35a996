//! Bus, rules and queues, made where there is no Terraform: on an emulator.

use aws_sdk_eventbridge::{
    operation::create_event_bus::CreateEventBusError,
    types::{DeadLetterConfig, RetryPolicy, Target},
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::LogError;

/// `EventBridge` tries to reach a queue for a day, and then puts the event into the queue's dead letters:
/// said aloud, because its defaults have changed.
const AGE_MAX_S: i32 = 86_400;
const ATTEMPTS_MAX: i32 = 185;
/// A fortnight, the most that SQS keeps.
const RETENTION_S: u32 = 14 * 86_400;

/// Who makes them.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) bus: aws_sdk_eventbridge::Client,
    pub(super) queues: aws_sdk_sqs::Client,
    pub(super) bus_name: String,
}

impl Setup {
    pub(super) async fn make_bus(&self) -> Result<(), LogError> {
        let Err(error) = self.bus.create_event_bus().name(&self.bus_name).send().await else {
            return Ok(());
        };
        let there = CreateEventBusError::is_resource_already_exists_exception;
        if error.as_service_error().is_some_and(there) { Ok(()) } else { Err(LogError::aws(error)) }
    }

    /// A queue that hears everything about the topics, and one for what could not be brought to it. The
    /// rule filters by source alone: positions need to see every event of a source.
    pub(super) async fn make_queue(&self, name: &str, topics: &[String]) -> Result<(), LogError> {
        let queue = self.queue_arn(name).await?;
        let undelivered = self.queue_arn(&format!("{name}-undelivered")).await?;
        self.bus
            .put_rule()
            .name(name)
            .event_bus_name(&self.bus_name)
            .event_pattern(json!({ "source": topics }).to_string())
            .send()
            .await
            .map_err(LogError::aws)?;
        let retries = RetryPolicy::builder()
            .maximum_event_age_in_seconds(AGE_MAX_S)
            .maximum_retry_attempts(ATTEMPTS_MAX);
        let target = Target::builder()
            .id("queue")
            .arn(queue)
            .retry_policy(retries.build())
            .dead_letter_config(DeadLetterConfig::builder().arn(undelivered).build());
        let target = target.build().map_err(LogError::aws)?;
        self.bus
            .put_targets()
            .rule(name)
            .event_bus_name(&self.bus_name)
            .targets(target)
            .send()
            .await
            .map_err(LogError::aws)?;
        Ok(())
    }

    async fn queue_arn(&self, name: &str) -> Result<String, LogError> {
        let made = self
            .queues
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::MessageRetentionPeriod, RETENTION_S.to_string())
            .send()
            .await
            .map_err(LogError::aws)?;
        let known = self
            .queues
            .get_queue_attributes()
            .queue_url(made.queue_url().unwrap_or_default())
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .map_err(LogError::aws)?;
        let arn = known.attributes().and_then(|known| known.get(&QueueAttributeName::QueueArn));
        arn.cloned().ok_or(LogError::Broken("a queue has no name"))
    }
}
