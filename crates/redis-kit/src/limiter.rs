//! Rate limits, shared through Redis or kept by each process.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ::redis::Script;
use ::redis::aio::ConnectionManager;

use crate::gcra::{Decision, Limit};
use crate::redis::Redis;

/// Beyond so many keys, full buckets are forgotten; they decide like new ones.
const BUCKETS: usize = 10_000;
/// Where all of them are in use, newcomers share so many more: a limit is never off, and memory has one.
const SHARED: u64 = 1_024;
/// How often it is looked for buckets to forget.
const LOOKED_AGAIN_US: u64 = 1_000_000;

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
            own: Arc::new(Own { started: Instant::now(), buckets: Mutex::default() }),
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
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    full_at_us: HashMap<String, u64>,
    looked_at_us: Option<u64>,
}

impl Own {
    fn check(&self, key: &str, limit: Limit) -> Decision {
        let now_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = buckets.place_of(key, now_us);
        let full_at_us = buckets.full_at_us.entry(key).or_default();
        let (decision, after) = limit.decide(*full_at_us, now_us);
        *full_at_us = after;
        decision
    }
}

impl Buckets {
    /// The bucket that counts for `key`.
    fn place_of(&mut self, key: &str, now_us: u64) -> String {
        if self.full_at_us.len() < BUCKETS || self.full_at_us.contains_key(key) {
            return key.to_owned();
        }
        let looked = self.looked_at_us.is_some_and(|at| now_us < at + LOOKED_AGAIN_US);
        if !looked {
            self.looked_at_us = Some(now_us);
            self.full_at_us.retain(|_, full_at_us| *full_at_us > now_us);
        }
        if self.full_at_us.len() < BUCKETS {
            return key.to_owned();
        }
        let mut hash = DefaultHasher::new();
        key.hash(&mut hash);
        format!("shared:{}", hash.finish() % SHARED)
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
        counts(&limiter).await;
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let own = Own { started: Instant::now(), buckets: Mutex::default() };
        let at_once = Limit { count: 1_000_000, per_s: 1 };
        for key in 0..=BUCKETS {
            own.check(&key.to_string(), at_once);
        }
        assert!(own.buckets.lock().unwrap().full_at_us.len() < BUCKETS);
    }

    #[test]
    fn a_crowd_is_counted_together_and_costs_no_more_memory() {
        let own = Own { started: Instant::now(), buckets: Mutex::default() };
        let allowed = (0..50_000).filter(|key| own.check(&format!("{key}"), LIMIT).allowed).count();

        assert!(own.buckets.lock().unwrap().full_at_us.len() <= BUCKETS + 1_024);
        assert!(allowed < BUCKETS + 3 * 1_024 + 1, "the limit was off for some: {allowed}");
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
