//! One layer that repeats, and only what a repetition cannot spoil.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::DynamoError;
use crate::error::{Told, told};

const ATTEMPTS: u32 = 3;
/// No attempt begins later than this; an attempt takes 1 s at most, so all end within 2 s.
const BEGIN_WITHIN: Duration = Duration::from_secs(1);

/// What doing it twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing at all.
    Read,
    /// The same again.
    Repeatable,
    /// A second attempt could be refused because of the first.
    Once,
}

/// Runs `work` up to three times within 2 s, with random pauses between.
pub(crate) async fn attempt<T, E, R, F>(
    effect: Effect,
    work: impl Fn() -> F,
) -> Result<T, DynamoError>
where
    F: Future<Output = Result<T, SdkError<E, R>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let begun = Instant::now();
    let mut may_have_happened = false;
    let mut number = 1;
    loop {
        let error = match work().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let told = told(&error);
        may_have_happened |= told == Told::Maybe && effect != Effect::Read;

        let pause = pause_after(number);
        let repeat = told != Told::Never
            && !(may_have_happened && effect == Effect::Once)
            && number < ATTEMPTS
            && begun.elapsed() + pause < BEGIN_WITHIN;
        if !repeat {
            return Err(match told {
                _ if may_have_happened => DynamoError::Unknown(error.into()),
                Told::Never => DynamoError::Rejected(error.into()),
                Told::Nothing | Told::Maybe => DynamoError::Unavailable(error.into()),
            });
        }
        tokio::time::sleep(pause).await;
        number += 1;
    }
}

/// Anywhere between nothing and 50 ms doubled by each attempt, at most 1 s.
fn pause_after(attempt: u32) -> Duration {
    let most_ms = (50_u64 << attempt.min(5)).min(1_000);
    Duration::from_millis(rand::random_range(0..=most_ms))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_sdk_dynamodb::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use common::types::{Class, Fault};

    use super::*;

    type Failure = SdkError<PutItemError, ()>;

    fn throttled() -> Failure {
        let code = ErrorMetadata::builder().code("ThrottlingException").build();
        SdkError::service_error(PutItemError::generic(code), ())
    }

    fn invalid() -> Failure {
        let code = ErrorMetadata::builder().code("ValidationException").build();
        SdkError::service_error(PutItemError::generic(code), ())
    }

    fn cut_off() -> Failure {
        SdkError::dispatch_failure(ConnectorError::io("connection reset by peer".into()))
    }

    fn late() -> Failure {
        SdkError::timeout_error("late")
    }

    /// How often work that fails so is tried, and what its caller learns.
    async fn outcome(effect: Effect, failures: &[fn() -> Failure]) -> (u32, Option<Class>) {
        let tries = AtomicU32::new(0);
        let answer = attempt(effect, || async {
            let number = tries.fetch_add(1, Ordering::SeqCst);
            match failures.get(number as usize) {
                Some(failure) => Err(failure()),
                None => Ok(()),
            }
        });
        let class = answer.await.err().map(|error| error.class());
        (tries.into_inner(), class)
    }

    #[tokio::test]
    async fn what_surely_did_nothing_is_tried_again() {
        for effect in [Effect::Read, Effect::Repeatable, Effect::Once] {
            assert_eq!(outcome(effect, &[throttled, throttled]).await, (3, None));
            let unavailable = (3, Some(Class::Unavailable));
            assert_eq!(outcome(effect, &[throttled, throttled, throttled]).await, unavailable);
        }
    }

    #[tokio::test]
    async fn a_write_that_may_have_happened_is_unknown_whatever_came_after() {
        assert_eq!(outcome(Effect::Once, &[late]).await, (1, Some(Class::Unknown)));
        assert_eq!(outcome(Effect::Repeatable, &[cut_off, late]).await, (3, None));
        let unknown = (3, Some(Class::Unknown));
        assert_eq!(outcome(Effect::Repeatable, &[late, throttled, throttled]).await, unknown);
    }

    #[tokio::test]
    async fn a_read_that_failed_did_nothing() {
        let unavailable = (3, Some(Class::Unavailable));
        assert_eq!(outcome(Effect::Read, &[late, cut_off, late]).await, unavailable);
    }

    #[tokio::test]
    async fn what_will_never_work_is_not_repeated() {
        assert_eq!(outcome(Effect::Repeatable, &[invalid]).await, (1, Some(Class::Broken)));
    }
}
