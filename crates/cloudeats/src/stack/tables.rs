//! The tables of DynamoDB, which Terraform makes in AWS.

use anyhow::Context;
use dynamo_kit::{DynamoConfig, tables};

use crate::ports::Door;
use crate::site::Site;

/// Makes the tables that are missing.
pub(super) async fn provide(site: &Site) -> anyhow::Result<()> {
    let config = DynamoConfig {
        dynamo_endpoint: Some(site.http_url(Door::Dynamo)),
        dynamo_region: "us-east-1".to_owned(),
        dynamo_table_prefix: String::new(),
    };
    let dynamo = dynamo_kit::connect(&config).await?;
    let made = dynamo.ensure_tables(&tables::ALL).await;
    made.context("the tables of DynamoDB cannot be made")
}
