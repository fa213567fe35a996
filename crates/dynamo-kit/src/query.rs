//! Pages of items under one partition key.

use std::marker::PhantomData;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::attempt::{Effect, attempt};
use crate::client::from_item;
use crate::key::Item;
use crate::{Dynamo, DynamoError, IndexDef, KeyPart, TableDef};

const PAGE: u16 = 100;
/// Where nearly everything has expired, a short page with a cursor is the better answer.
const ROUND_TRIPS: u8 = 8;

/// Where the next page begins: the key of the last item read. A service signs what it hands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Vec<(String, KeyPart)>);

/// Some items, in the order of the sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items; expired ones are left out.
    pub items: Vec<T>,
    /// Where the next page begins. The last page has none, and so may an empty page have one.
    pub next: Option<Cursor>,
}

/// A question about one partition key.
#[must_use = "nothing is asked before `page` or `all`"]
pub struct Query<T> {
    dynamo: Dynamo,
    table: TableDef,
    index: Option<IndexDef>,
    key: KeyPart,
    limit: u16,
    after: Option<Cursor>,
    newest_first: bool,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Query<T> {
    pub(crate) fn new(
        dynamo: Dynamo,
        table: TableDef,
        index: Option<IndexDef>,
        key: KeyPart,
    ) -> Self {
        let item = PhantomData;
        Self { dynamo, table, index, key, limit: PAGE, after: None, newest_first: false, item }
    }

    /// At most so many items; 100 unless told.
    pub fn limit(self, limit: u16) -> Self {
        Self { limit: limit.max(1), ..self }
    }

    /// Goes on where another page ended.
    pub fn after(self, cursor: Option<Cursor>) -> Self {
        Self { after: cursor, ..self }
    }

    /// Highest sort key first.
    pub fn newest_first(self) -> Self {
        Self { newest_first: true, ..self }
    }

    /// One page.
    pub async fn page(&self) -> Result<Page<T>, DynamoError> {
        let limit = usize::from(self.limit);
        let mut items = Vec::new();
        let mut next = self.after.clone();
        for _ in 0..ROUND_TRIPS {
            // The limit counts what is read, expired items included, so no answer overruns a page.
            let read = i32::try_from(limit - items.len()).unwrap_or(i32::MAX);
            let request = self.request(next.as_ref()).limit(read);
            let answer = attempt(Effect::Read, || request.clone().send()).await?;

            for item in answer.items.unwrap_or_default() {
                items.push(from_item(&self.table, item)?);
            }
            next = answer.last_evaluated_key.map(|key| self.cursor(&key)).transpose()?;
            if next.is_none() || items.len() >= limit {
                break;
            }
        }
        Ok(Page { items, next })
    }

    /// Every item, page after page; for partitions known to be small.
    pub async fn all(mut self) -> Result<Vec<T>, DynamoError> {
        let mut items = Vec::new();
        loop {
            let page = self.page().await?;
            items.extend(page.items);
            self.after = page.next;
            if self.after.is_none() {
                return Ok(items);
            }
        }
    }

    fn request(&self, after: Option<&Cursor>) -> QueryFluentBuilder {
        let partition = self.index.map_or(self.table.partition, |index| index.partition);
        let start = after.map(|Cursor(parts)| {
            parts.iter().map(|(name, part)| (name.clone(), part.to_attribute())).collect()
        });
        let request = self
            .dynamo
            .client
            .query()
            .table_name(self.dynamo.name_of(&self.table))
            .set_index_name(self.index.map(|index| index.name.to_owned()))
            // An index is a copy that follows; only the table itself can be read consistently.
            .consistent_read(self.index.is_none())
            .scan_index_forward(!self.newest_first)
            .set_exclusive_start_key(start)
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", partition.name)
            .expression_attribute_values(":partition", self.key.to_attribute());
        match self.table.ttl {
            None => request,
            Some(ttl) => request
                .filter_expression("attribute_not_exists(#ttl) OR #ttl > :now")
                .expression_attribute_names("#ttl", ttl)
                .expression_attribute_values(":now", self.dynamo.now_s()),
        }
    }

    fn cursor(&self, key: &Item) -> Result<Cursor, DynamoError> {
        let part = |(name, value): (&String, _)| {
            KeyPart::from_attribute(value).map(|part| (name.clone(), part))
        };
        let parts: Option<Vec<_>> = key.iter().map(part).collect();
        let mut parts =
            parts.ok_or_else(|| DynamoError::shape(self.table.name, "its key is no key"))?;
        parts.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Cursor(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Embedded;
    use crate::tables::{ACTIVE_ORDERS, BY_CUSTOMER, BY_STORE};

    #[derive(Debug, Serialize, Deserialize)]
    struct Row {
        order_id: String,
        created_at: i64,
        store_id: &'static str,
        customer_id: &'static str,
        expires_at: i64,
        version: i64,
    }

    #[derive(Deserialize)]
    struct Found {
        created_at: i64,
    }

    const LATER: i64 = 4_000_000_000;
    const LONG_AGO: i64 = 1_000_000_000;

    /// 25 orders of one store, of which those in `expired` are gone.
    async fn orders(dynamo: &Dynamo, expired: &[i64]) {
        for created_at in 1..=25 {
            let row = Row {
                order_id: format!("o-{created_at}"),
                created_at,
                store_id: "s-1",
                customer_id: if created_at % 2 == 0 { "even" } else { "odd" },
                expires_at: if expired.contains(&created_at) { LONG_AGO } else { LATER },
                version: 1,
            };
            let _ = dynamo.put_if_newer(&ACTIVE_ORDERS, &row, "version").await.unwrap();
        }
    }

    /// Every page of a query.
    async fn pages(mut query: Query<Found>) -> Vec<Vec<i64>> {
        let mut pages = Vec::new();
        loop {
            let page = query.page().await.unwrap();
            pages.push(page.items.into_iter().map(|found| found.created_at).collect());
            if page.next.is_none() {
                return pages;
            }
            let next = serde_json::to_string(&page.next).unwrap();
            query = query.after(serde_json::from_str(&next).unwrap());
        }
    }

    #[tokio::test]
    async fn the_pages_make_the_list() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        orders(&dynamo, &[]).await;
        let query = || dynamo.query::<Found>(&ACTIVE_ORDERS, Some(&BY_STORE), "s-1");

        let found = pages(query().limit(10)).await;
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(found.concat(), (1..=25).collect::<Vec<_>>());

        let newest = pages(query().limit(7).newest_first()).await.concat();
        assert_eq!(newest, (1..=25).rev().collect::<Vec<_>>());
        assert_eq!(query().limit(4).all().await.unwrap().len(), 25);
    }

    #[tokio::test]
    async fn an_index_finds_only_its_own() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        orders(&dynamo, &[]).await;
        let even = dynamo.query::<Found>(&ACTIVE_ORDERS, Some(&BY_CUSTOMER), "even");
        assert_eq!(even.all().await.unwrap().len(), 12);
        let none = dynamo.query::<Found>(&ACTIVE_ORDERS, Some(&BY_CUSTOMER), "nobody");
        assert!(none.all().await.unwrap().is_empty());
        let one = dynamo.query::<Found>(&ACTIVE_ORDERS, None, "o-3");
        assert_eq!(one.all().await.unwrap().first().map(|found| found.created_at), Some(3));
    }

    #[tokio::test]
    async fn pages_are_filled_past_what_has_expired() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        let expired: Vec<i64> = (1..=25).filter(|at| at % 3 != 0).collect();
        orders(&dynamo, &expired).await;
        let query = dynamo.query::<Found>(&ACTIVE_ORDERS, Some(&BY_STORE), "s-1");
        let found = pages(query.limit(3)).await;
        assert_eq!(found.concat(), [3, 6, 9, 12, 15, 18, 21, 24]);
        assert!(found.iter().all(|page| page.len() <= 3));
        assert_eq!(found.first().map(Vec::len), Some(3));
    }
}
