//! What has expired is not there, whenever `DynamoDB` gets round to deleting it.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::attempt::{Effect, attempt};
use crate::key::Item;
use crate::{Dynamo, DynamoError, KeyPart, TableDef};

impl Dynamo {
    /// Deletes what has expired, as `DynamoDB` itself does within days; returns how many.
    pub async fn delete_expired(&self, table: &TableDef) -> Result<usize, DynamoError> {
        let Some(ttl) = table.ttl else { return Ok(0) };
        let mut deleted = 0;
        let mut after = None;
        loop {
            let request = self
                .client
                .scan()
                .table_name(self.name_of(table))
                .set_exclusive_start_key(after)
                .filter_expression("#ttl <= :now")
                .expression_attribute_names("#ttl", ttl)
                .expression_attribute_values(":now", self.now_s());
            let page = attempt(Effect::Read, || request.clone().send()).await?;
            for item in page.items.unwrap_or_default() {
                deleted += usize::from(self.delete_if_expired(table, ttl, item).await?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(deleted);
            }
        }
    }

    /// Asks again at the item itself, which may have been given more time since it was read.
    async fn delete_if_expired(
        &self,
        table: &TableDef,
        ttl: &str,
        mut item: Item,
    ) -> Result<bool, DynamoError> {
        item.retain(|name, _| {
            *name == table.partition.name || table.sort.is_some_and(|sort| *name == sort.name)
        });
        let request = self
            .client
            .delete_item()
            .table_name(self.name_of(table))
            .set_key(Some(item))
            .condition_expression("#ttl <= :now")
            .expression_attribute_names("#ttl", ttl)
            .expression_attribute_values(":now", self.now_s());
        attempt(Effect::Repeatable, || async {
            match request.clone().send().await {
                Ok(_) => Ok(true),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
                {
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    pub(crate) fn now_s(&self) -> AttributeValue {
        AttributeValue::N(self.clock.now().as_second().to_string())
    }

    pub(crate) fn has_expired(&self, table: &TableDef, item: &Item) -> bool {
        let expires_at = table.ttl.and_then(|ttl| item.get(ttl)).and_then(KeyPart::from_attribute);
        matches!(expires_at, Some(KeyPart::Number(at)) if at <= self.clock.now().as_second())
    }
}
