//! What can go wrong with DynamoDB, and whether something may have happened.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use common::types::{Class, Fault};
use hyper_util::client::legacy::Error as ConnectorError;

type Source = Box<dyn Error + Send + Sync>;

/// A failed operation. A condition that did not hold is not a failure but [`Put::Refused`].
///
/// [`Put::Refused`]: crate::Put::Refused
#[derive(Debug, thiserror::Error)]
pub enum DynamoError {
    /// Nothing happened: throttled, not reached, or only a read.
    #[error("dynamodb is unavailable")]
    Unavailable(#[source] Source),
    /// A write may have happened.
    #[error("dynamodb did not say whether it wrote")]
    Unknown(#[source] Source),
    /// The request itself was refused, as no caller can mend.
    #[error("dynamodb refused the request")]
    Rejected(#[source] Source),
    /// An item and its Rust type do not fit.
    #[error("an item of {table} does not have the expected shape")]
    Shape {
        /// The table.
        table: &'static str,
        /// What did not fit.
        source: Source,
    },
    /// The call does not fit the table's definition.
    #[error("{table} was used in a way its definition does not allow: {reason}")]
    Misused {
        /// The table.
        table: &'static str,
        /// Why not.
        reason: &'static str,
    },
}

impl Fault for DynamoError {
    fn class(&self) -> Class {
        match self {
            Self::Unavailable(_) => Class::Unavailable,
            Self::Unknown(_) => Class::Unknown,
            Self::Rejected(_) | Self::Shape { .. } | Self::Misused { .. } => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "dynamo-unavailable",
            Self::Unknown(_) => "dynamo-unknown",
            Self::Rejected(_) => "dynamo-rejected",
            Self::Shape { .. } => "dynamo-shape",
            Self::Misused { .. } => "dynamo-misused",
        }
    }
}

impl DynamoError {
    pub(crate) fn shape(table: &'static str, source: impl Into<Source>) -> Self {
        Self::Shape { table, source: source.into() }
    }
}

/// What one failed attempt tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It did not reach an item.
    Nothing,
    /// It may have.
    Maybe,
    /// It never will.
    Never,
}

pub(crate) fn told<E, R>(error: &SdkError<E, R>) -> Told
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match error {
        SdkError::ConstructionFailure(_) => Told::Never,
        SdkError::ServiceError(answer) => told_by_code(answer.err().code().unwrap_or_default()),
        SdkError::DispatchFailure(failure) => {
            let never_connected =
                failure.as_connector_error().is_some_and(|error| never_connected(error));
            if never_connected { Told::Nothing } else { Told::Maybe }
        }
        _ => Told::Maybe,
    }
}

/// `DynamoDB` Developer Guide, "Error handling with DynamoDB": which answers are worth repeating.
fn told_by_code(code: &str) -> Told {
    match code {
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "ReplicatedWriteConflictException"
        | "TransactionConflictException"
        | "ResourceInUseException" => Told::Nothing,
        "InternalServerError" | "ServiceUnavailable" | "" => Told::Maybe,
        _ => Told::Never,
    }
}

fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut chain = Some(error);
    while let Some(link) = chain {
        if link.downcast_ref::<ConnectorError>().is_some_and(ConnectorError::is_connect) {
            return true;
        }
        chain = link.source();
    }
    false
}
