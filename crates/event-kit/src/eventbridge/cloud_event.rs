//! A record as a `CloudEvent` in structured mode, and back. (CloudEvents 1.0, JSON Event Format.)
//!
//! It is the `detail` of an event on the bus. Attributes are strings there, whatever their type: their
//! names lose the `ce_` they have as headers.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{Headers, Record, partition_of};

const PREFIX: &str = "ce_";
const CONTENT_TYPE: &str = "content-type";
/// The attribute that says the same.
const DATA_CONTENT_TYPE: &str = "datacontenttype";
/// What an event is about. It places a record without an envelope too.
const KEY: &str = "partitionkey";
const DATA: &str = "data";
/// Where the data is no JSON.
const DATA_BASE64: &str = "data_base64";

/// The detail that carries a record. Headers other than those of an envelope stay behind.
pub(super) fn detail_of(record: &Record) -> String {
    let mut detail = Map::new();
    detail.insert(KEY.to_owned(), Value::String(record.key.clone()));
    for (name, value) in &record.headers {
        if let Some(name) = attribute_of(name) {
            detail.insert(name.to_owned(), Value::String(value.clone()));
        }
    }
    if let Ok(data) = serde_json::from_slice(&record.body) {
        detail.insert(DATA.to_owned(), data);
    } else {
        let encoded = BASE64_STANDARD.encode(&record.body);
        detail.insert(DATA_BASE64.to_owned(), Value::String(encoded));
    }
    Value::Object(detail).to_string()
}

/// The record that a message of a queue carries. What nobody of us put on the bus has no headers, is found
/// unreadable by whoever looks for an envelope, and has the same id however often it comes.
pub(super) fn record_of(message: &str) -> Record {
    read(message).unwrap_or_else(|| Record {
        topic: String::new(),
        part: 0,
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, message.as_bytes()),
        key: String::new(),
        headers: Headers::new(),
        body: message.as_bytes().to_vec(),
    })
}

fn read(message: &str) -> Option<Record> {
    let Value::Object(mut message) = serde_json::from_str(message).ok()? else { return None };
    let Value::Object(mut detail) = message.remove("detail")? else { return None };
    let topic = message.get("source")?.as_str()?.to_owned();
    let id = |text: Option<&Value>| Uuid::parse_str(text?.as_str()?).ok();
    // The bus's own id where there is none of ours.
    let id = id(detail.get("id")).or_else(|| id(message.get("id"))).unwrap_or_default();

    let body = match (detail.remove(DATA), detail.remove(DATA_BASE64)) {
        (Some(data), _) => data.to_string().into_bytes(),
        (None, Some(Value::String(encoded))) => BASE64_STANDARD.decode(encoded).ok()?,
        (None, _) => return None,
    };
    let key = detail.get(KEY).and_then(Value::as_str).map(str::to_owned);
    let headers: Headers = detail
        .into_iter()
        .filter_map(|(name, value)| match value {
            Value::String(value) => Some((header_of(&name), value)),
            Value::Number(value) => Some((header_of(&name), value.to_string())),
            _ => None,
        })
        .collect();
    let key = key.unwrap_or_default();
    Some(Record { topic, part: partition_of(&key), id, key, headers, body })
}

fn attribute_of(header: &str) -> Option<&str> {
    if header == CONTENT_TYPE { Some(DATA_CONTENT_TYPE) } else { header.strip_prefix(PREFIX) }
}

fn header_of(attribute: &str) -> String {
    if attribute == DATA_CONTENT_TYPE {
        CONTENT_TYPE.to_owned()
    } else {
        format!("{PREFIX}{attribute}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(headers: &[(&str, &str)], body: &[u8]) -> Record {
        let headers: Headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let key = headers.get("ce_partitionkey").cloned().unwrap_or_default();
        Record {
            topic: "cloudeats.bakery".to_owned(),
            part: partition_of(&key),
            id: Uuid::from_u128(7),
            key,
            headers,
            body: body.to_vec(),
        }
    }

    /// As `EventBridge` hands it to a queue.
    fn message(detail: &str) -> String {
        format!(
            r#"{{"version":"0","id":"00000000-0000-0000-0000-000000000007","source":"cloudeats.bakery",
                 "detail-type":"t","account":"1","time":"2026-11-21T00:00:00Z","region":"eu-west-1",
                 "resources":[],"detail":{detail}}}"#
        )
    }

    #[test]
    fn a_detail_is_a_cloud_event() {
        let headers = [
            ("ce_id", "00000000-0000-0000-0000-000000000007"),
            ("ce_partitionkey", "loaf"),
            ("ce_specversion", "1.0"),
            ("content-type", "application/json"),
            ("x-else", "stays"),
        ];

        let detail = detail_of(&record(&headers, br#"{"loaf": "rye", "weight_g": 750}"#));

        assert_eq!(
            detail,
            r#"{"partitionkey":"loaf","id":"00000000-0000-0000-0000-000000000007","specversion":"1.0","datacontenttype":"application/json","data":{"loaf":"rye","weight_g":750}}"#
        );
    }

    #[test]
    fn a_record_survives_the_journey() {
        let headers =
            [("ce_aggregateseq", "3"), ("ce_partitionkey", "loaf"), ("content-type", "x")];
        for body in [br#"{"a":[1,"b",null]}"#.as_slice(), b"no json", b"\xff\x00", b""] {
            let record = record(&headers, body);

            assert_eq!(record_of(&message(&detail_of(&record))), record);
        }
    }

    #[test]
    fn what_is_no_event_of_ours_is_kept_as_it_came() {
        for stray in ["", "stray", "[]", "{}", &message("{}"), &message(r#"{"data_base64":"?"}"#)] {
            let record = record_of(stray);

            assert_eq!((record.headers.len(), record.body.as_slice()), (0, stray.as_bytes()));
        }
    }
}
