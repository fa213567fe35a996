//! Tables where no Terraform makes them: the dev stack and tests.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    BillingMode, TableDescription, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

use crate::attempt::{Effect, attempt};
use crate::spec::{attributes, indexes, key_schema, keys_of, keys_wanted};
use crate::{Dynamo, DynamoError, TableDef};

impl Dynamo {
    /// Creates the tables that are missing, and refuses one that is there with other keys.
    pub async fn ensure_tables(&self, tables: &[TableDef]) -> anyhow::Result<()> {
        for table in tables {
            self.ensure(table).await.with_context(|| format!("table {}", self.name_of(table)))?;
        }
        Ok(())
    }

    async fn ensure(&self, table: &TableDef) -> anyhow::Result<()> {
        if self.describe(table).await?.is_none() {
            self.create(table).await?;
        }
        let found = self.active(table).await?;
        let (found, wanted) = (keys_of(&found), keys_wanted(table));
        ensure!(found == wanted, "it has the keys {found:?} where {wanted:?} are wanted");
        self.enable_ttl(table).await
    }

    async fn describe(&self, table: &TableDef) -> Result<Option<TableDescription>, DynamoError> {
        let request = self.client.describe_table().table_name(self.name_of(table));
        attempt(Effect::Read, || async {
            match request.clone().send().await {
                Ok(answer) => Ok(answer.table),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(DescribeTableError::is_resource_not_found_exception) =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn create(&self, table: &TableDef) -> anyhow::Result<()> {
        let request = self
            .client
            .create_table()
            .table_name(self.name_of(table))
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(attributes(table)?))
            .set_key_schema(Some(key_schema(table.partition, table.sort)?))
            .set_global_secondary_indexes(indexes(table.indexes)?);
        match request.send().await {
            Ok(_) => Ok(()),
            // Somebody else is creating it.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn active(&self, table: &TableDef) -> anyhow::Result<TableDescription> {
        for _ in 0..300 {
            if let Some(found) = self.describe(table).await?
                && found.table_status == Some(TableStatus::Active)
            {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("it did not become active within 30 s")
    }

    async fn enable_ttl(&self, table: &TableDef) -> anyhow::Result<()> {
        let Some(ttl) = table.ttl else { return Ok(()) };
        let name = self.name_of(table);
        let now = self.client.describe_time_to_live().table_name(&name).send().await?;
        let now = now.time_to_live_description;
        let status = now.as_ref().and_then(|ttl| ttl.time_to_live_status.clone());
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            let attribute = now.as_ref().and_then(|ttl| ttl.attribute_name());
            ensure!(attribute == Some(ttl), "it expires by {attribute:?} where {ttl} is wanted");
            return Ok(());
        }
        let wanted =
            TimeToLiveSpecification::builder().enabled(true).attribute_name(ttl).build()?;
        let request = self.client.update_time_to_live().table_name(&name);
        request.time_to_live_specification(wanted).send().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attribute;
    use crate::embedded::Embedded;
    use crate::tables::{ACTIVE_ORDERS, ALL, BY_STORE, CARTS};

    #[tokio::test]
    async fn tables_have_their_indexes_and_their_expiry() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        for table in &ALL {
            let found = dynamo.describe(table).await.unwrap().unwrap();
            assert_eq!(keys_of(&found), keys_wanted(table));

            let ttl = dynamo.client.describe_time_to_live().table_name(table.name).send().await;
            let ttl = ttl.unwrap().time_to_live_description;
            let attribute = ttl.as_ref().and_then(|ttl| ttl.attribute_name());
            assert_eq!(attribute, table.ttl, "{}", table.name);
        }
    }

    #[tokio::test]
    async fn tables_are_made_once_however_many_make_them() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        dynamo.ensure_tables(&ALL).await.unwrap();
        let makers = (0..4).map(|_| dynamo.ensure_tables(&ALL));
        for made in futures::future::join_all(makers).await {
            made.unwrap();
        }
    }

    #[tokio::test]
    async fn a_table_with_other_keys_is_refused() {
        let (_engine, dynamo) = Embedded::with_tables().await.unwrap();
        let other = TableDef { partition: Attribute::text("id"), ..CARTS };
        assert!(dynamo.ensure_tables(&[other]).await.is_err());
        let other = TableDef { indexes: &[BY_STORE], ..ACTIVE_ORDERS };
        assert!(dynamo.ensure_tables(&[other]).await.is_err());
    }
}
