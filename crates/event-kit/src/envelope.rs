//! The `CloudEvents` 1.0 envelope in binary mode: attributes in headers, the fact in the body.

use std::collections::BTreeMap;

use common::types::{Cell, OrderId, Timestamp};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

/// Partitions of every topic.
pub const PARTITIONS: u16 = 16;

/// The attributes of an event, as `FEATURES` section 6 lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `id`
    pub id: Uuid,
    /// `type`: `com.cloudeats.orders.order_placed.v1`
    pub kind: String,
    /// The service segment of `source`: `/cloudeats/{region}/{service}`.
    pub source: String,
    /// `originregion`, and the region segment of `source`.
    pub region: String,
    /// `subject` and `partitionkey`
    pub key: String,
    /// `aggregateseq`: dense from 1 per source and key.
    pub seq: i64,
    /// `epoch` of the cell
    pub epoch: i64,
    /// `time`
    pub at: Timestamp,
    /// `correlationid`
    pub order: Option<OrderId>,
    /// `causationid`: the event in answer to which this one was told.
    pub cause: Option<Uuid>,
    /// `cell`
    pub cell: Option<Cell>,
    /// `traceparent`, W3C Trace Context
    pub trace: Option<String>,
}

/// Headers that are no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("header {name} is missing or cannot be read")]
pub struct EnvelopeError {
    /// The header.
    pub name: &'static str,
}

/// The headers of an event, by name.
pub type Headers = BTreeMap<String, String>;

/// The partition in which everything about `key` is told.
#[must_use]
pub fn partition_of(key: &str) -> u16 {
    // The remainder is less than 16.
    u16::try_from(xxh3_64(key.as_bytes()) % u64::from(PARTITIONS)).unwrap_or_default()
}

/// The service that tells events of a type: `orders` of `com.cloudeats.orders.order_placed.v1`.
#[must_use]
pub fn source_of(kind: &str) -> &str {
    kind.split('.').nth(2).unwrap_or(kind)
}

/// The topic in which a service tells: `cloudeats.orders`.
#[must_use]
pub fn topic_of(source: &str) -> String {
    format!("cloudeats.{source}")
}

impl Envelope {
    /// As headers of the Kafka protocol binding, `ce_` before each name.
    #[must_use]
    pub fn to_headers(&self) -> Headers {
        let source = format!("/cloudeats/{}/{}", self.region, self.source);
        let always = [
            ("content-type", "application/json".to_owned()),
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", self.id.to_string()),
            ("ce_type", self.kind.clone()),
            ("ce_source", source),
            ("ce_subject", self.key.clone()),
            ("ce_partitionkey", self.key.clone()),
            ("ce_time", self.at.to_string()),
            ("ce_aggregateseq", self.seq.to_string()),
            ("ce_epoch", self.epoch.to_string()),
            ("ce_originregion", self.region.clone()),
        ];
        let sometimes = [
            ("ce_correlationid", self.order.map(|id| id.to_string())),
            ("ce_causationid", self.cause.map(|id| id.to_string())),
            ("ce_cell", self.cell.as_ref().map(|cell| cell.as_str().to_owned())),
            ("ce_traceparent", self.trace.clone()),
        ];
        let sometimes = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
        always.into_iter().chain(sometimes).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads the headers; unknown ones are ignored.
    ///
    /// # Errors
    /// [`EnvelopeError`]: an attribute that places the event in its history is missing or unreadable.
    pub fn from_headers(headers: &Headers) -> Result<Self, EnvelopeError> {
        let (region, source) = places(text(headers, "ce_source")?)?;
        Ok(Self {
            id: read(headers, "ce_id")?,
            kind: text(headers, "ce_type")?.to_owned(),
            source: source.to_owned(),
            region: region.to_owned(),
            key: text(headers, "ce_partitionkey")?.to_owned(),
            seq: read(headers, "ce_aggregateseq")?,
            epoch: maybe(headers, "ce_epoch")?.unwrap_or(0),
            at: read(headers, "ce_time")?,
            order: maybe(headers, "ce_correlationid")?,
            cause: maybe(headers, "ce_causationid")?,
            cell: headers.get("ce_cell").and_then(|name| Cell::parse(name).ok()),
            trace: headers.get("ce_traceparent").cloned(),
        })
    }
}

fn places(source: &str) -> Result<(&str, &str), EnvelopeError> {
    source
        .strip_prefix("/cloudeats/")
        .and_then(|rest| rest.split_once('/'))
        .filter(|(region, service)| !region.is_empty() && !service.is_empty())
        .ok_or(EnvelopeError { name: "ce_source" })
}

fn text<'a>(headers: &'a Headers, name: &'static str) -> Result<&'a str, EnvelopeError> {
    headers.get(name).map(String::as_str).ok_or(EnvelopeError { name })
}

fn read<T: std::str::FromStr>(headers: &Headers, name: &'static str) -> Result<T, EnvelopeError> {
    text(headers, name)?.parse().map_err(|_| EnvelopeError { name })
}

fn maybe<T: std::str::FromStr>(
    headers: &Headers,
    name: &'static str,
) -> Result<Option<T>, EnvelopeError> {
    headers.get(name).map(|text| text.parse().map_err(|_| EnvelopeError { name })).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            id: Uuid::from_u128(1),
            kind: "com.cloudeats.orders.order_placed.v1".to_owned(),
            source: "orders".to_owned(),
            region: "us-east-1".to_owned(),
            key: "k".to_owned(),
            seq: 3,
            epoch: 2,
            at: "2026-11-20T10:11:12.123456Z".parse().unwrap(),
            order: Some(OrderId::from_uuid(Uuid::from_u128(2))),
            cause: Some(Uuid::from_u128(3)),
            cell: Some(Cell::parse("east-a").unwrap()),
            trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        }
    }

    #[test]
    fn headers_are_those_of_the_kafka_binding() {
        let headers = envelope().to_headers();

        let expected = [
            ("ce_aggregateseq", "3"),
            ("ce_causationid", "00000000-0000-0000-0000-000000000003"),
            ("ce_cell", "east-a"),
            ("ce_correlationid", "00000000-0000-0000-0000-000000000002"),
            ("ce_epoch", "2"),
            ("ce_id", "00000000-0000-0000-0000-000000000001"),
            ("ce_originregion", "us-east-1"),
            ("ce_partitionkey", "k"),
            ("ce_source", "/cloudeats/us-east-1/orders"),
            ("ce_specversion", "1.0"),
            ("ce_subject", "k"),
            ("ce_time", "2026-11-20T10:11:12.123456Z"),
            ("ce_traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("ce_type", "com.cloudeats.orders.order_placed.v1"),
            ("content-type", "application/json"),
        ];
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(headers, expected);
    }

    #[test]
    fn an_envelope_survives_the_journey() {
        assert_eq!(Envelope::from_headers(&envelope().to_headers()), Ok(envelope()));
    }

    #[test]
    fn what_places_an_event_must_be_readable() {
        for name in
            ["ce_id", "ce_type", "ce_source", "ce_partitionkey", "ce_aggregateseq", "ce_time"]
        {
            let mut headers = envelope().to_headers();
            headers.remove(name);
            assert_eq!(Envelope::from_headers(&headers), Err(EnvelopeError { name }));
        }
        let mut headers = envelope().to_headers();
        headers.insert("ce_source".to_owned(), "/elsewhere/orders".to_owned());
        assert_eq!(Envelope::from_headers(&headers), Err(EnvelopeError { name: "ce_source" }));
    }

    #[test]
    fn a_key_has_the_same_partition_for_ever() {
        let keys = ["", "a", "0190b3f4-7c1e-7000-8000-000000000001", "store:item"];
        assert_eq!(keys.map(partition_of), [2, 15, 15, 3]);
        assert!((0..1_000).map(|n| partition_of(&n.to_string())).all(|part| part < PARTITIONS));
    }
}
