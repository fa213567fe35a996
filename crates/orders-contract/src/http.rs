//! Bodies that the orders service takes and gives.

use common::types::{
    CartId, Cell, Currency, CustomerId, ItemId, OrderId, Quantity, StoreId, Text, TicketId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How the goods reach the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// A courier brings them.
    Delivery,
    /// The customer collects them.
    Pickup,
}

/// An order as a customer places it. Prices and totals are the server's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// The store.
    pub store_id: StoreId,
    /// How the goods reach the customer.
    pub fulfilment: Fulfilment,
    /// 1 to 50 lines; may be left out where `cart_id` is given.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub lines: Vec<OrderLine>,
    /// The cart whose lines are ordered, instead of `lines`.
    #[serde(default)]
    pub cart_id: Option<CartId>,
    /// Where to; needed for a delivery.
    #[serde(default)]
    pub address: Option<Address>,
    /// Token of the card; never a card number.
    #[schema(value_type = String, max_length = 64, example = "pm_approved")]
    pub payment_method_id: Text<64>,
    /// For the courier or the counter.
    #[serde(default)]
    pub tip_minor: u32,
}

/// So many of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    /// The item.
    pub item_id: ItemId,
    /// How many, 1 to 99.
    pub quantity: Quantity,
    /// Slugs of the chosen options, at most 10.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 10)]
    pub options: Vec<Text<60>>,
    /// For the kitchen.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 280)]
    pub note: Option<Text<280>>,
}

/// Where a delivery goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Street and number.
    #[schema(value_type = String, max_length = 200)]
    pub text: Text<200>,
    /// For the courier.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 280)]
    pub instructions: Option<Text<280>>,
}

/// An order, as its customer and its store see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Order {
    /// The order.
    pub order_id: OrderId,
    /// What is called out at the counter; counts up in a store.
    pub number: i64,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// The store.
    pub store_id: StoreId,
    /// The cell that owns the store.
    pub cell: Cell,
    /// How the goods reach the customer.
    pub fulfilment: Fulfilment,
    /// State in the words of `docs/STATES.md`.
    pub state: String,
    /// The same for people: `received`, `confirmed`, `preparing`, `ready`, `on_the_way`, `delivered`,
    /// `completed`, `cancelled`, `rejected`, `problem`, `action_needed`.
    pub status: String,
    /// Why it was rejected, cancelled or delayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What was ordered.
    pub lines: Vec<PricedLine>,
    /// What it costs.
    pub totals: Totals,
    /// By when it should be there.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub promise_at: Option<Timestamp>,
    /// When it was placed.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// A line with the price at which it was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PricedLine {
    /// The item.
    pub item_id: ItemId,
    /// Its name when it was ordered.
    pub name: String,
    /// How many.
    pub quantity: Quantity,
    /// Slugs of the chosen options.
    pub options: Vec<String>,
    /// For the kitchen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Price of one with its options.
    pub unit_minor: i64,
    /// Price of the line.
    pub total_minor: i64,
}

/// What an order costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Goods.
    pub subtotal_minor: i64,
    /// Tax inside the goods.
    pub tax_minor: i64,
    /// For the delivery.
    pub delivery_fee_minor: i64,
    /// For the courier or the counter.
    pub tip_minor: i64,
    /// What is paid: goods, fee and tip.
    pub total_minor: i64,
    /// Of what.
    pub currency: Currency,
}

/// A page of orders, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Orders {
    /// The orders.
    pub orders: Vec<Order>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A row of the list of orders under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActiveOrder {
    /// The order.
    pub order_id: OrderId,
    /// What is called out at the counter.
    pub number: i64,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// The store.
    pub store_id: StoreId,
    /// How the goods reach the customer.
    pub fulfilment: Fulfilment,
    /// State in the words of `docs/STATES.md`.
    pub state: String,
    /// The same for people.
    pub status: String,
    /// What it costs.
    pub total_minor: i64,
    /// Of what.
    pub currency: Currency,
    /// How many things it holds.
    pub pieces: i64,
    /// By when it should be there.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub promise_at: Option<Timestamp>,
    /// When it was placed.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// The version of the order that the row shows.
    pub version: i64,
}

/// Orders under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActiveOrders {
    /// The orders, oldest first.
    pub orders: Vec<ActiveOrder>,
    /// `projection` or, while that is away, `record`.
    pub source: String,
}

/// Asks to cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    /// Why.
    pub reason: CancelReason,
}

/// Why an order is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are FEATURES' ORD-11 and say what they mean")]
pub enum CancelReason {
    CustomerChangedMind,
    ItemMissing,
    StoreClosed,
    NotReadyForPickup,
    PaymentFailed,
    NoCourier,
    Unreachable,
    Fraud,
    Duplicate,
    Other,
}

/// Sets the status of an order or a ticket in the words of the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// `preparing`, `ready`, `completed`; the old words `Pending`, `Preparing`, `Ready`, `Completed` are taken too.
    #[schema(value_type = String, max_length = 20)]
    pub status: Text<20>,
}

/// Refuses a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseTicket {
    /// Why.
    pub reason: CancelReason,
}

/// A kitchen ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The order.
    pub order_id: OrderId,
    /// The store.
    pub store_id: StoreId,
    /// What is called out at the counter.
    pub number: i64,
    /// How the goods leave.
    pub fulfilment: Fulfilment,
    /// `WAITING`, `ACCEPTED`, `PREPARING`, `READY`, `HANDED_OVER`, `REFUSED` or `CANCELLED`.
    pub state: String,
    /// What to make.
    pub lines: Vec<TicketLine>,
    /// Expected seconds of preparation.
    pub prep_s: i64,
    /// By when it should be with the customer.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub promise_at: Option<Timestamp>,
    /// When the kitchen got it.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// Something to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketLine {
    /// The item.
    pub item_id: ItemId,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: Quantity,
    /// Chosen options.
    pub options: Vec<String>,
    /// Of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it is made.
    pub station: String,
    /// What is in it.
    pub allergens: Vec<String>,
}

/// Tickets, the earliest promise first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tickets {
    /// The tickets.
    pub tickets: Vec<Ticket>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A new cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCart {
    /// The store.
    pub store_id: StoreId,
    /// What lies in it at the start, at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub lines: Vec<OrderLine>,
}

/// A cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cart {
    /// The cart.
    pub cart_id: CartId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// The store.
    pub store_id: StoreId,
    /// What lies in it; the place in the list is the line's number, from 0.
    pub lines: Vec<OrderLine>,
    /// When it is thrown away.
    #[schema(value_type = String, format = "date-time")]
    pub expires_at: Timestamp,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// What a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Incident {
    /// The incident.
    pub incident_id: Uuid,
    /// The order that it is about.
    pub order_id: OrderId,
    /// The store.
    pub store_id: StoreId,
    /// `late-fact`, `refused`, `overdue` or `unpaid`.
    pub kind: String,
    /// The fact that came too late, the step that was refused, or the state in which the order waits.
    pub about: String,
    /// `alert`: today; `page`: now.
    pub severity: String,
    /// The state in which the order was.
    pub order_state: String,
    /// Why, in the words of who refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it was opened.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// When it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub resolved_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<Uuid>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A page of incidents, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Incidents {
    /// The incidents.
    pub incidents: Vec<Incident>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Resolves an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveIncident {
    /// What was done.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    pub note: Text<500>,
}

/// Decides what becomes of an undelivered order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideUndelivered {
    /// What becomes of it.
    pub decision: UndeliveredDecision,
}

/// What becomes of an undelivered order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndeliveredDecision {
    /// The courier goes again.
    SecondTry,
    /// The customer was not there or would not have it: it is paid.
    CustomerAbsent,
    /// It was not the customer's fault: stock and money are given back.
    NotTheirFault,
}

/// A step of an order, as the tracking stream tells it (`event: state`, `id:` its number).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrackedState {
    /// The order.
    pub order_id: OrderId,
    /// Number of the step, dense from 1.
    pub seq: i64,
    /// State in the words of `docs/STATES.md`.
    pub state: String,
    /// The same for people.
    pub status: String,
    /// Why, where there is a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// By when it should be there.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub promise_at: Option<Timestamp>,
    /// Whether the order has ended.
    pub ended: bool,
}
