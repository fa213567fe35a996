//! Items in, as the class of their table allows.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use crate::attempt::{Effect, attempt};
use crate::key::Item;
use crate::table::Manner;
use crate::{Dynamo, DynamoError, KeyPart, TableDef};

/// The attribute that [`Dynamo::put_if_version`] compares.
const VERSION: &str = "version";

/// What became of a conditional write.
#[must_use = "a refused write is not an error"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The item is stored.
    Written,
    /// The condition did not hold; nothing changed.
    Refused,
}

impl Dynamo {
    /// Stores an item, whatever was there before.
    pub async fn put<T: Serialize>(&self, table: &TableDef, item: &T) -> Result<(), DynamoError> {
        table.check(Manner::Replace)?;
        let request = self.putting(table, to_item(table, item)?);
        attempt(Effect::Repeatable, || request.clone().send()).await?;
        Ok(())
    }

    /// Stores an item under a key that holds none, or an expired one.
    pub async fn put_if_absent<T: Serialize>(
        &self,
        table: &TableDef,
        item: &T,
    ) -> Result<Put, DynamoError> {
        table.check(Manner::IfAbsent)?;
        let request = self.putting_if_absent(table, to_item(table, item)?);
        conditionally(Effect::Once, request).await
    }

    /// Stores an item unless one with the same or a higher `version_attribute` is there.
    ///
    /// [`Put::Refused`] means that what is there is at least as new, so a caller need not care.
    pub async fn put_if_newer<T: Serialize>(
        &self,
        table: &TableDef,
        item: &T,
        version_attribute: &'static str,
    ) -> Result<Put, DynamoError> {
        table.check(Manner::IfNewer)?;
        let item = to_item(table, item)?;
        let version = item.get(version_attribute).cloned().ok_or_else(|| {
            DynamoError::shape(table.name, format!("it has no {version_attribute}"))
        })?;
        let request = self
            .putting(table, item)
            .condition_expression("attribute_not_exists(#key) OR #version < :version")
            .expression_attribute_names("#key", table.partition.name)
            .expression_attribute_names("#version", version_attribute)
            .expression_attribute_values(":version", version);
        conditionally(Effect::Repeatable, request).await
    }

    /// Stores an item whose field `version` has moved on from `expected`, the version that was
    /// read; 0 where nothing was there.
    pub async fn put_if_version<T: Serialize>(
        &self,
        table: &TableDef,
        item: &T,
        expected: i64,
    ) -> Result<Put, DynamoError> {
        table.check(Manner::IfVersion)?;
        let item = to_item(table, item)?;
        let moved_on = match item.get(VERSION).and_then(KeyPart::from_attribute) {
            Some(KeyPart::Number(version)) => version > expected,
            _ => false,
        };
        if !moved_on {
            return Err(DynamoError::shape(table.name, "its version has not moved on"));
        }
        let request = if expected == 0 {
            self.putting_if_absent(table, item)
        } else {
            self.putting(table, item)
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":expected", AttributeValue::N(expected.to_string()))
        };
        conditionally(Effect::Once, request).await
    }

    fn putting(&self, table: &TableDef, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(self.name_of(table)).set_item(Some(item))
    }

    fn putting_if_absent(&self, table: &TableDef, item: Item) -> PutItemFluentBuilder {
        let request =
            self.putting(table, item).expression_attribute_names("#key", table.partition.name);
        match table.ttl {
            None => request.condition_expression("attribute_not_exists(#key)"),
            Some(ttl) => request
                .condition_expression("attribute_not_exists(#key) OR #ttl <= :now")
                .expression_attribute_names("#ttl", ttl)
                .expression_attribute_values(":now", self.now_s()),
        }
    }
}

async fn conditionally(effect: Effect, request: PutItemFluentBuilder) -> Result<Put, DynamoError> {
    attempt(effect, || async {
        match request.clone().send().await {
            Ok(_) => Ok(Put::Written),
            Err(SdkError::ServiceError(answer))
                if answer.err().is_conditional_check_failed_exception() =>
            {
                Ok(Put::Refused)
            }
            Err(error) => Err(error),
        }
    })
    .await
}

fn to_item<T: Serialize>(table: &TableDef, item: &T) -> Result<Item, DynamoError> {
    serde_dynamo::to_item(item).map_err(|error| DynamoError::shape(table.name, error))
}
