//! Where DynamoDB is, and how long it may take.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};

use crate::Dynamo;

const CONNECT: Duration = Duration::from_millis(250);
const ATTEMPT: Duration = Duration::from_secs(1);

/// Where DynamoDB is.
#[derive(clap::Args, Debug, Clone)]
pub struct DynamoConfig {
    /// An engine other than AWS, such as `http://127.0.0.1:18000`; it is given dummy credentials.
    #[arg(long, env = "CE_DYNAMO_ENDPOINT")]
    pub dynamo_endpoint: Option<String>,

    /// The region whose replica is asked.
    #[arg(long, env = "CE_DYNAMO_REGION", default_value = "us-east-1")]
    pub dynamo_region: String,

    /// Stands before every table's name, so that stacks can share an account.
    #[arg(long, env = "CE_DYNAMO_TABLE_PREFIX", default_value = "")]
    pub dynamo_table_prefix: String,
}

/// Prepares a client. Nothing is asked of DynamoDB yet, so that a service starts without it.
pub async fn connect(config: &DynamoConfig) -> anyhow::Result<Dynamo> {
    let region = Region::new(config.dynamo_region.clone());
    let builder = match &config.dynamo_endpoint {
        Some(endpoint) => elsewhere(endpoint),
        None => at_aws(region.clone()).await,
    };
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT);
    let settings = builder
        .region(region)
        .timeout_config(timeouts.build())
        // Repeating is decided in `attempt`, which knows what a repetition could do.
        .retry_config(RetryConfig::disabled())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(settings);
    Ok(Dynamo::new(client, config.dynamo_table_prefix.clone()))
}

fn elsewhere(endpoint: &str) -> Builder {
    // Such engines want a signature and do not look at it; real credentials must not reach them.
    let dummy = Credentials::new("local", "local", None, None, "dummy");
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .credentials_provider(dummy)
}

async fn at_aws(region: Region) -> Builder {
    let shared = aws_config::defaults(BehaviorVersion::latest()).region(region).load().await;
    Builder::from(&shared)
}
