//! Rate limits, shared through Redis or kept by each process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ::redis::Script;
use ::redis::aio::ConnectionManager;

use crate::gcra::{Decision, Limit};
use crate::redis::Redis;

/// Beyond so many keys, full buckets are forgotten; they decide like new ones.
const BUCKETS: usize = 10_000;

/// Limits how often keys may do something. Without Redis each process counts for itself, so a
/// limit is never off and never shut.
#[derive(Clone)]
pub struct Limiter {
    redis: Redis,
    name: &'static str,
    script: Arc<Script>,
    own: Arc<Own>,
}

impl Limiter {
    /// A limiter; `name` keeps its keys apart from those of others.
    #[must_use]
    pub fn new(redis: &Redis, name: &'static str) -> Self {
        Self {
            redis: redis.clone(),
            name,
            script: Arc::new(Script::new(include_str!("gcra.lua"))),
            own: Arc::new(Own { started: Instant::now(), full_at_us: Mutex::default() }),
        }
    }

    /// Counts one use of `key`.
    pub async fn check(&self, key: &str, limit: Limit) -> Decision {
        match self.check_in_redis(key, limit).await {
            Some(decision) => decision,
            None => self.own.check(key, limit),
        }
    }

    async fn check_in_redis(&self, key: &str, limit: Limit) -> Option<Decision> {
        let mut call = self.script.key(self.redis.key("limit", self.name, key));
        call.arg(limit.count.max(1)).arg(limit.interval_us().max(1));
        let ask = async |mut redis: ConnectionManager| call.invoke_async(&mut redis).await;
        let (allowed, remaining, reset_s, retry_after_s) =
            self.redis.ask::<(bool, u32, u64, u64), _>(ask).await?;
        Some(Decision { allowed, limit: limit.count.max(1), remaining, reset_s, retry_after_s })
    }
}

/// The buckets of this process.
struct Own {
    started: Instant,
    full_at_us: Mutex<HashMap<String, u64>>,
}

impl Own {
    fn check(&self, key: &str, limit: Limit) -> Decision {
        let now_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut buckets = self.full_at_us.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS && !buckets.contains_key(key) {
            buckets.retain(|_, full_at_us| *full_at_us > now_us);
        }
        let full_at_us = buckets.get(key).copied().unwrap_or(0);
        let (decision, full_at_us) = limit.decide(full_at_us, now_us);
        buckets.insert(key.to_owned(), full_at_us);
        decision
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench;

    const LIMIT: Limit = Limit { count: 3, per_s: 3_600 };

    async fn counts(limiter: &Limiter) {
        for remaining in [2, 1, 0] {
            let decision = limiter.check("someone", LIMIT).await;
            assert!(decision.allowed);
            assert_eq!((decision.limit, decision.remaining), (3, remaining));
        }
        let decision = limiter.check("someone", LIMIT).await;
        assert!(!decision.allowed);
        assert!((1_195..=1_200).contains(&decision.retry_after_s), "{decision:?}");
        assert!((3_590..=3_600).contains(&decision.reset_s), "{decision:?}");

        assert!(limiter.check("someone-else", LIMIT).await.allowed);
    }

    #[tokio::test]
    async fn a_process_without_redis_counts_for_itself() {
        counts(&Limiter::new(&bench::none().await, "test")).await;
    }

    #[tokio::test]
    async fn a_redis_that_is_away_neither_stops_nor_opens_the_limiter() {
        let limiter = Limiter::new(&bench::away().await, "test");
        let begun = Instant::now();
        counts(&limiter).await;
        assert!(begun.elapsed().as_millis() < 1_000, "nobody waits for a redis that is away");
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let own = Own { started: Instant::now(), full_at_us: Mutex::default() };
        let at_once = Limit { count: 1_000_000, per_s: 1 };
        for key in 0..=BUCKETS {
            own.check(&key.to_string(), at_once);
        }
        assert!(own.full_at_us.lock().unwrap().len() < BUCKETS);
    }

    mod live {
        use super::*;

        #[tokio::test]
        async fn processes_count_together() {
            let redis = bench::live();
            counts(&Limiter::new(&redis, "test")).await;
            let another = Limiter::new(&redis, "test");
            assert!(!another.check("someone", LIMIT).await.allowed);
        }

        #[tokio::test]
        async fn sixteen_at_once_get_no_more_than_the_limit() {
            let limiter = Limiter::new(&bench::live(), "test");
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..16 {
                let limiter = limiter.clone();
                tasks.spawn(async move { limiter.check("someone", LIMIT).await.allowed });
            }
            let allowed = tasks.join_all().await;
            assert_eq!(allowed.into_iter().filter(|allowed| *allowed).count(), 3);
        }
    }
}
