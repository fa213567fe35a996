//! Bodies that the notification service takes and gives.

use common::types::{NotificationId, OrderId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A message in somebody's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    /// The message.
    pub notification_id: NotificationId,
    /// What it is about: `order_confirmed`, `order_ready` and so on.
    pub kind: String,
    /// Its first line.
    pub title: String,
    /// Its words.
    pub body: String,
    /// The order, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// When it came.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub read_at: Option<Timestamp>,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// An inbox, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notifications {
    /// The messages.
    pub notifications: Vec<Notification>,
    /// How many were not read, over all pages.
    pub unread: i64,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
