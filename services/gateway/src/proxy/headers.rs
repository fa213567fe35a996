//! Which header lines pass.

use axum::http::{
    HeaderMap, HeaderName,
    header::{
        ACCEPT, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
        IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, PROXY_AUTHENTICATE, SERVER, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};
use service_kit::token::TOKEN;

use crate::routes::table::Door;

pub(super) const DEADLINE: HeaderName = HeaderName::from_static("x-ce-deadline");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What a client may say to a service. All else stays here: who it claims to be, where it claims to come
/// from, how its connection is framed, and the access token, for services trust ours only.
const INWARD: [HeaderName; 10] = [
    ACCEPT,
    CONTENT_TYPE,
    USER_AGENT,
    ACCEPT_LANGUAGE,
    CONTENT_ENCODING,
    IF_MATCH,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
];

/// What belongs to our connection with a service (RFC 9110, 7.6.1) or between us.
const OURS: [HeaderName; 11] = [
    CONNECTION,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    SERVER,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    TOKEN,
    DEADLINE,
];

/// Room for what passes and for what is added.
const LINES: usize = 16;

/// What a provider's message is signed with (Standard Webhooks 1.0.0).
const OF_WEBHOOKS: &str = "webhook-";

/// Copies what may pass on to a service.
pub(super) fn onward(asked: &HeaderMap, door: Door) -> HeaderMap {
    let signed =
        |name: &HeaderName| door == Door::Provider && name.as_str().starts_with(OF_WEBHOOKS);
    let mut onward = HeaderMap::with_capacity(LINES);
    for (name, value) in asked {
        if INWARD.contains(name) || signed(name) {
            onward.append(name.clone(), value.clone());
        }
    }
    onward
}

/// Removes what may not pass back to the client.
pub(super) fn clean(answered: &mut HeaderMap) {
    for name in &OURS {
        answered.remove(name);
    }
}
