//! A client, and items out.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use common::types::{Clock, SystemClock};
use serde::de::DeserializeOwned;

use crate::attempt::{Effect, attempt};
use crate::key::Item;
use crate::{DynamoError, IndexDef, Key, KeyPart, Query, TableDef};

/// A client of `DynamoDB`: 250 ms to connect, 1 s for an attempt, 2 s for all of them.
#[derive(Clone)]
pub struct Dynamo {
    pub(crate) client: Client,
    prefix: Arc<str>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Dynamo {
    pub(crate) fn new(client: Client, prefix: String) -> Self {
        Self { client, prefix: prefix.into(), clock: Arc::new(SystemClock) }
    }

    /// The same client under another clock, which decides what has expired.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Reads one item, consistently within this region. An expired one is not there.
    pub async fn get<T>(
        &self,
        table: &TableDef,
        key: impl Into<Key>,
    ) -> Result<Option<T>, DynamoError>
    where
        T: DeserializeOwned,
    {
        let key = key.into().of(table)?;
        let request = self
            .client
            .get_item()
            .table_name(self.name_of(table))
            .set_key(Some(key))
            .consistent_read(true);
        let answer = attempt(Effect::Read, || request.clone().send()).await?;
        match answer.item {
            Some(item) if !self.has_expired(table, &item) => from_item(table, item).map(Some),
            _ => Ok(None),
        }
    }

    /// Removes an item, if it is there.
    pub async fn delete(&self, table: &TableDef, key: impl Into<Key>) -> Result<(), DynamoError> {
        let key = key.into().of(table)?;
        let request = self.client.delete_item().table_name(self.name_of(table)).set_key(Some(key));
        attempt(Effect::Repeatable, || request.clone().send()).await?;
        Ok(())
    }

    /// Asks for the items under one partition key of the table, or of one of its indexes.
    pub fn query<T: DeserializeOwned>(
        &self,
        table: &TableDef,
        index: Option<&IndexDef>,
        key: impl Into<KeyPart>,
    ) -> Query<T> {
        Query::new(self.clone(), *table, index.copied(), key.into())
    }

    pub(crate) fn name_of(&self, table: &TableDef) -> String {
        format!("{}{}", self.prefix, table.name)
    }
}

pub(crate) fn from_item<T: DeserializeOwned>(
    table: &TableDef,
    item: Item,
) -> Result<T, DynamoError> {
    serde_dynamo::from_item(item).map_err(|error| DynamoError::shape(table.name, error))
}

#[cfg(test)]
mod tests {
    use common::types::{Class, Fault, Timestamp};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::Put;
    use crate::embedded::Embedded;
    use crate::tables::{ACTIVE_ORDERS, CARTS, MENU_CATALOG};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Basket {
        cart_id: String,
        version: i64,
        lines: Vec<String>,
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        expires_at: Timestamp,
    }

    fn basket(version: i64, lines: &[&str]) -> Basket {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let expires_at = Timestamp::from_second(4_000_000_000).unwrap();
        Basket { cart_id: "c-1".to_owned(), version, lines, expires_at }
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct ActiveOrder {
        order_id: String,
        created_at: i64,
        store_id: String,
        customer_id: String,
        version: i64,
    }

    fn active_order(version: i64) -> ActiveOrder {
        ActiveOrder {
            order_id: "o-1".to_owned(),
            created_at: 7,
            store_id: "s-1".to_owned(),
            customer_id: "p-1".to_owned(),
            version,
        }
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct MenuItem {
        item_id: &'static str,
        menu_version: i64,
        store_menu: &'static str,
    }

    /// A clock that stands still.
    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0).unwrap()
        }
    }

    #[tokio::test]
    async fn what_was_put_is_there_until_it_is_deleted() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        assert_eq!(dynamo.get::<Basket>(&CARTS, "c-1").await.unwrap(), None);

        dynamo.put(&CARTS, &basket(1, &["tea", "cake"])).await.unwrap();
        let found = dynamo.get::<Basket>(&CARTS, "c-1").await.unwrap();
        assert_eq!(found, Some(basket(1, &["tea", "cake"])));

        dynamo.delete(&CARTS, "c-1").await.unwrap();
        dynamo.delete(&CARTS, "c-1").await.unwrap();
        assert_eq!(dynamo.get::<Basket>(&CARTS, "c-1").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_projection_never_goes_back() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        for (version, put) in [
            (2, Put::Written),
            (1, Put::Refused),
            (2, Put::Refused),
            (10, Put::Written),
            (9, Put::Refused),
        ] {
            let order = active_order(version);
            assert_eq!(dynamo.put_if_newer(&ACTIVE_ORDERS, &order, "version").await.unwrap(), put);
        }
        let found = dynamo.get(&ACTIVE_ORDERS, ("o-1", 7)).await.unwrap();
        assert_eq!(found, Some(active_order(10)));
    }

    #[tokio::test]
    async fn a_projection_ends_at_the_newest_in_whatever_order_it_is_written() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        let writes = [5, 3, 8, 1, 7, 2, 6, 4].map(|version| {
            let (dynamo, order) = (dynamo.clone(), active_order(version));
            async move { dynamo.put_if_newer(&ACTIVE_ORDERS, &order, "version").await.unwrap() }
        });
        let _: Vec<Put> = futures::future::join_all(writes).await;
        let found = dynamo.get(&ACTIVE_ORDERS, ("o-1", 7)).await.unwrap();
        assert_eq!(found, Some(active_order(8)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_sixteen_writers_one_wins_every_version() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        for version in 1..=5 {
            let mut writers = tokio::task::JoinSet::new();
            for writer in 0..16 {
                let (dynamo, basket) =
                    (dynamo.clone(), basket(version, &[&format!("by {writer}")]));
                writers.spawn(async move {
                    let put = dynamo.put_if_version(&CARTS, &basket, version - 1).await.unwrap();
                    (put, basket)
                });
            }
            let mut winners = writers.join_all().await;
            winners.retain(|(put, _)| *put == Put::Written);
            assert_eq!(winners.len(), 1);
            let found = dynamo.get::<Basket>(&CARTS, "c-1").await.unwrap();
            assert_eq!(found.as_ref(), winners.first().map(|(_, basket)| basket));
        }
    }

    #[tokio::test]
    async fn a_version_must_move_on() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        let error = dynamo.put_if_version(&CARTS, &basket(3, &[]), 3).await.unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::Broken, "dynamo-shape"));
    }

    #[tokio::test]
    async fn an_immutable_row_is_written_once() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        let item = MenuItem { item_id: "i-1", menu_version: 3, store_menu: "s-1:3" };
        assert_eq!(dynamo.put_if_absent(&MENU_CATALOG, &item).await.unwrap(), Put::Written);
        assert_eq!(dynamo.put_if_absent(&MENU_CATALOG, &item).await.unwrap(), Put::Refused);
        let error = dynamo.put(&MENU_CATALOG, &item).await.unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::Broken, "dynamo-misused"));
    }

    #[tokio::test]
    async fn what_has_expired_is_not_there_even_while_it_still_is() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        dynamo.put(&CARTS, &basket(9, &["tea"])).await.unwrap();
        let last_second = dynamo.clone().with_clock(Arc::new(At(3_999_999_999)));
        let after = dynamo.clone().with_clock(Arc::new(At(4_000_000_000)));

        assert!(last_second.get::<Basket>(&CARTS, "c-1").await.unwrap().is_some());
        assert_eq!(last_second.put_if_absent(&CARTS, &basket(1, &[])).await.unwrap(), Put::Refused);

        assert!(after.get::<Basket>(&CARTS, "c-1").await.unwrap().is_none());
        assert_eq!(after.put_if_absent(&CARTS, &basket(1, &[])).await.unwrap(), Put::Written);
    }

    #[tokio::test]
    async fn what_has_expired_can_be_swept() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        dynamo.put(&CARTS, &basket(1, &[])).await.unwrap();
        assert_eq!(dynamo.delete_expired(&CARTS).await.unwrap(), 0);
        let after = dynamo.clone().with_clock(Arc::new(At(4_000_000_000)));
        assert_eq!(after.delete_expired(&CARTS).await.unwrap(), 1);
        assert_eq!(dynamo.get::<Basket>(&CARTS, "c-1").await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_item_of_another_shape_is_named() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        let stored = serde_json::json!({ "cart_id": "c-1", "version": "one" });
        dynamo.put(&CARTS, &stored).await.unwrap();
        let error = dynamo.get::<Basket>(&CARTS, "c-1").await.unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::Broken, "dynamo-shape"));
    }

    #[tokio::test]
    async fn without_dynamodb_a_write_surely_did_nothing() {
        let (engine, dynamo) = Embedded::with_tables().await.unwrap();
        engine.shutdown().await.unwrap();
        let error = dynamo.put(&CARTS, &basket(1, &[])).await.unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::Unavailable, "dynamo-unavailable"));
    }

    #[tokio::test]
    async fn a_dynamodb_that_does_not_answer_is_not_waited_for_for_ever() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let config = crate::DynamoConfig {
            dynamo_endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
            dynamo_region: "us-east-1".to_owned(),
            dynamo_table_prefix: String::new(),
        };
        let dynamo = crate::connect(&config).await.unwrap();
        let error = dynamo.put(&CARTS, &basket(1, &[])).await.unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::Unknown, "dynamo-unknown"));
    }
}
