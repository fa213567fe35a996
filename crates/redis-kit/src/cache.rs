//! Values that can be loaded again.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::redis::AsyncCommands;
use ::redis::aio::ConnectionManager;
use common::types::Fault;
use moka::Expiry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::LoadError;
use crate::redis::Redis;

/// How old a copy may be that a process serves on its own.
const COPY_AGE: Duration = Duration::from_mins(10);
const COPY_BYTES: u64 = 64 * 1024 * 1024;
/// How many loads run at once, so that a lost Redis does not become a flooded database.
const LOADS: usize = 16;

type Bytes = Arc<[u8]>;

/// A cache of JSON values in Redis. Each process asks and loads once for all who wait for a key;
/// while Redis is away it serves its own copies, younger than their time to live and 10 minutes.
#[derive(Clone)]
pub struct Cache {
    redis: Redis,
    name: &'static str,
    flights: moka::future::Cache<String, Bytes>,
    copies: moka::sync::Cache<String, Copy>,
    loads: Arc<Semaphore>,
}

impl Cache {
    /// A cache; `name` keeps its keys apart from those of others.
    #[must_use]
    pub fn new(redis: &Redis, name: &'static str) -> Self {
        Self {
            redis: redis.clone(),
            name,
            flights: moka::future::Cache::builder().expire_after(AtOnce).build(),
            copies: moka::sync::Cache::builder()
                .max_capacity(COPY_BYTES)
                .weigher(|key: &String, copy: &Copy| {
                    u32::try_from(key.len() + copy.bytes.len()).unwrap_or(u32::MAX)
                })
                .time_to_live(COPY_AGE)
                .build(),
            loads: Arc::new(Semaphore::new(LOADS)),
        }
    }

    /// The value of `key`, from Redis or else from `loader`, then kept for `ttl`.
    ///
    /// A load that began before an [`invalidate`](Self::invalidate) may still store what it read:
    /// where that matters, the key carries a version.
    pub async fn get_or_load<T, E, F>(
        &self,
        key: &str,
        ttl: Duration,
        loader: impl FnOnce() -> F,
    ) -> Result<T, LoadError<E>>
    where
        T: Serialize + DeserializeOwned,
        E: Fault,
        F: Future<Output = Result<T, E>>,
    {
        let flight = self.find_or_load(key, ttl, loader);
        let bytes = self
            .flights
            .try_get_with_by_ref(key, flight)
            .await
            .map_err(|error: Arc<LoadError<E>>| LoadError::clone(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| LoadError::Shape(Arc::new(error)))
    }

    /// Forgets a value, here and in Redis; the copies of other processes serve only while Redis
    /// is away.
    pub async fn invalidate(&self, key: &str) {
        self.copies.invalidate(key);
        let in_redis = self.redis.key("cache", self.name, key);
        self.redis
            .ask(async |mut redis: ConnectionManager| redis.del::<_, ()>(in_redis).await)
            .await;
    }

    async fn find_or_load<T, E, F>(
        &self,
        key: &str,
        ttl: Duration,
        loader: impl FnOnce() -> F,
    ) -> Result<Bytes, LoadError<E>>
    where
        T: Serialize + DeserializeOwned,
        E: Fault,
        F: Future<Output = Result<T, E>>,
    {
        // A value that another release wrote in another shape is loaded anew.
        if let Some(bytes) = self.find(key).await
            && serde_json::from_slice::<T>(&bytes).is_ok()
        {
            return Ok(bytes);
        }

        let value = {
            let _permit = self.loads.acquire().await;
            loader().await.map_err(|error| LoadError::Loader(Arc::new(error)))?
        };
        let bytes =
            serde_json::to_vec(&value).map_err(|error| LoadError::Shape(Arc::new(error)))?;

        let bytes = Bytes::from(bytes);
        self.keep(key, &bytes, ttl).await;
        Ok(bytes)
    }

    async fn find(&self, key: &str) -> Option<Bytes> {
        let in_redis = self.redis.key("cache", self.name, key);
        let get = async |mut redis: ConnectionManager| {
            let mut question = ::redis::pipe();
            question.get(&in_redis).pttl(&in_redis);
            question.query_async::<(Option<Vec<u8>>, i64)>(&mut redis).await
        };
        match self.redis.ask(get).await {
            Some((found, ttl_ms)) => {
                let bytes = Bytes::from(found?);
                let ttl = Duration::from_millis(u64::try_from(ttl_ms).unwrap_or(0));
                self.copy(key, &bytes, ttl);
                Some(bytes)
            }
            None => self.copies.get(key).filter(Copy::is_fresh).map(|copy| copy.bytes),
        }
    }

    async fn keep(&self, key: &str, bytes: &Bytes, ttl: Duration) {
        self.copy(key, bytes, ttl);
        let in_redis = self.redis.key("cache", self.name, key);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let set = async |mut redis: ConnectionManager| {
            redis.pset_ex::<_, _, ()>(in_redis, &**bytes, ttl_ms).await
        };
        self.redis.ask(set).await;
    }

    fn copy(&self, key: &str, bytes: &Bytes, ttl: Duration) {
        let copy = Copy { bytes: bytes.clone(), fresh_until: Instant::now() + ttl.min(COPY_AGE) };
        self.copies.insert(key.to_owned(), copy);
    }
}

#[derive(Clone)]
struct Copy {
    bytes: Bytes,
    fresh_until: Instant,
}

impl Copy {
    fn is_fresh(&self) -> bool {
        Instant::now() < self.fresh_until
    }
}

/// Flights are shared while they last, and remembered not at all.
struct AtOnce;

impl Expiry<String, Bytes> for AtOnce {
    fn expire_after_create(&self, _: &String, _: &Bytes, _: Instant) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use common::types::Class;

    use super::*;
    use crate::bench;

    const HOUR: Duration = Duration::from_hours(1);

    #[derive(Debug, thiserror::Error)]
    #[error("the database is away")]
    struct Away;

    impl Fault for Away {
        fn class(&self) -> Class {
            Class::Unavailable
        }

        fn code(&self) -> &'static str {
            "away"
        }
    }

    /// A source of values that counts how often it is asked.
    #[derive(Clone, Default)]
    struct Source(Arc<AtomicUsize>);

    impl Source {
        async fn load(&self) -> Result<usize, Away> {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(self.0.fetch_add(1, Ordering::SeqCst))
        }

        async fn fail(&self) -> Result<usize, Away> {
            self.load().await?;
            Err(Away)
        }

        async fn get(&self, cache: &Cache, ttl: Duration) -> usize {
            cache.get_or_load("key", ttl, || self.load()).await.unwrap()
        }

        fn loads(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn a_hundred_who_wait_cause_one_load() {
        let (cache, source) = (Cache::new(&bench::none().await, "test"), Source::default());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (cache, source) = (cache.clone(), source.clone());
            tasks.spawn(async move { source.get(&cache, HOUR).await });
        }
        assert_eq!(tasks.join_all().await, [0; 100]);
        assert_eq!(source.loads(), 1);
    }

    #[tokio::test]
    async fn a_failed_load_fails_all_who_waited_and_is_not_kept() {
        let (cache, source) = (Cache::new(&bench::none().await, "test"), Source::default());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (cache, source) = (cache.clone(), source.clone());
            tasks.spawn(async move { cache.get_or_load("key", HOUR, || source.fail()).await });
        }
        for answer in tasks.join_all().await {
            let error = answer.unwrap_err();
            assert_eq!((error.class(), error.code()), (Class::Unavailable, "away"));
        }
        assert_eq!(source.loads(), 1);
        assert_eq!(source.get(&cache, HOUR).await, 1);
    }

    #[tokio::test]
    async fn without_redis_a_copy_serves_until_it_is_too_old_or_invalidated() {
        for redis in [bench::none().await, bench::away().await] {
            let (cache, source) = (Cache::new(&redis, "test"), Source::default());
            let ttl = Duration::from_millis(300);

            assert_eq!(source.get(&cache, ttl).await, 0);
            assert_eq!(source.get(&cache, ttl).await, 0);
            cache.invalidate("key").await;
            assert_eq!(source.get(&cache, ttl).await, 1);
            tokio::time::sleep(ttl).await;
            assert_eq!(source.get(&cache, ttl).await, 2);
        }
    }

    #[tokio::test]
    async fn a_redis_that_never_answers_costs_50_ms_and_then_nothing() {
        let (_listener, redis) = bench::silent().await;
        let (cache, source) = (Cache::new(&redis, "test"), Source::default());
        let begun = Instant::now();
        for _ in 0..2_000 {
            assert_eq!(source.get(&cache, HOUR).await, 0);
        }
        // Waited for each time, it would be 100 s.
        assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_lost_redis_does_not_become_a_flooded_database() {
        for redis in [bench::none().await, bench::away().await] {
            let cache = Cache::new(&redis, "test");
            let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let mut tasks = tokio::task::JoinSet::new();
            for n in 0..500 {
                let (cache, now, most) = (cache.clone(), Arc::clone(&now), Arc::clone(&most));
                tasks.spawn(async move {
                    let load = async || {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok::<_, Away>(n)
                    };
                    cache.get_or_load(&format!("key-{}", n % 100), HOUR, load).await.unwrap()
                });
            }
            tasks.join_all().await;
            assert_eq!(most.load(Ordering::SeqCst), LOADS);
        }
    }

    mod live {
        use super::*;

        #[tokio::test]
        async fn processes_share_what_one_of_them_loaded() {
            let (redis, source) = (bench::live(), Source::default());
            let (here, there) = (Cache::new(&redis, "test"), Cache::new(&redis, "test"));

            assert_eq!(source.get(&here, HOUR).await, 0);
            assert_eq!(source.get(&there, HOUR).await, 0);
            there.invalidate("key").await;
            assert_eq!(source.get(&here, HOUR).await, 1);
            assert_eq!(source.get(&there, HOUR).await, 1);
        }

        #[tokio::test]
        async fn a_redis_that_forgot_everything_causes_one_load_for_each_key() {
            let (redis, source) = (bench::live(), Source::default());
            let cache = Cache::new(&redis, "test");
            source.get(&cache, HOUR).await;
            // As after FLUSHALL, for this key alone.
            cache.invalidate("key").await;

            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..100 {
                let (cache, source) = (cache.clone(), source.clone());
                tasks.spawn(async move { source.get(&cache, HOUR).await });
            }

            assert_eq!(tasks.join_all().await, [1; 100]);
            assert_eq!(source.loads(), 2);
        }

        #[tokio::test]
        async fn a_value_expires() {
            let (redis, source) = (bench::live(), Source::default());
            let (cache, ttl) = (Cache::new(&redis, "test"), Duration::from_millis(150));
            assert_eq!(source.get(&cache, ttl).await, 0);
            tokio::time::sleep(ttl).await;
            assert_eq!(source.get(&cache, ttl).await, 1);
        }

        #[tokio::test]
        async fn a_value_of_another_shape_is_loaded_anew() {
            let redis = bench::live();
            let (cache, source) = (Cache::new(&redis, "test"), Source::default());
            let other = async || Ok::<_, Away>("a text".to_owned());
            cache.get_or_load("key", HOUR, other).await.unwrap();
            assert_eq!(source.get(&cache, HOUR).await, 0);
        }

        #[tokio::test]
        async fn a_copy_bridges_an_outage() {
            let (redis, source) = (bench::live(), Source::default());
            let cache = Cache::new(&redis, "test");
            assert_eq!(source.get(&cache, HOUR).await, 0);
            redis.is_away("says the test");
            assert_eq!(source.get(&cache, HOUR).await, 0);
        }
    }
}
