//! What providers tell by themselves, if it is they who tell it (Standard Webhooks 1.0.0).

use std::{str::FromStr, sync::Arc};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use common::types::{Class, Fault, Timestamp};

use crate::domain::Operation;

/// A signature is good for so long before and after its time.
const DRIFT_MAX_S: i64 = 300;
const SECRET_MIN: usize = 24;
const ID_MAX: usize = 128;

/// The headers of a webhook, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Signed<'a> {
    pub(crate) id: &'a str,
    pub(crate) timestamp: &'a str,
    /// One or several, with spaces between.
    pub(crate) signatures: &'a str,
}

/// What a webhook says.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    /// The provider's own: the same however often it is told.
    pub(crate) id: String,
    /// `None`: of a kind that means nothing to us.
    pub(crate) operation: Option<Operation>,
}

/// The key of a provider's signatures; never printed.
#[derive(Clone)]
pub struct WebhookSecret(Arc<hmac::Key>);

/// What cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is `whsec_` and at least {SECRET_MIN} bytes in Base64")]
pub struct NoSecret;

/// Why nobody listens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebhookError {
    #[error("there is no such provider")]
    NoSuchProvider,
    #[error("the signature is missing, wrong or too old")]
    NotSigned,
    #[error("the body is not what this provider sends")]
    Unreadable,
}

impl FromStr for WebhookSecret {
    type Err = NoSecret;

    fn from_str(text: &str) -> Result<Self, NoSecret> {
        let bytes = text.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| bytes.len() >= SECRET_MIN).ok_or(NoSecret)?;
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes))))
    }
}

impl WebhookSecret {
    /// Whether one of the signatures is over these bytes, and about now. Compared in constant time.
    pub(super) fn proves(&self, signed: &Signed<'_>, body: &[u8], now: Timestamp) -> bool {
        let Ok(at) = signed.timestamp.parse::<i64>() else { return false };
        let timely = at.abs_diff(now.as_second()) <= DRIFT_MAX_S.unsigned_abs();
        if !timely || signed.id.is_empty() || signed.id.len() > ID_MAX {
            return false;
        }
        let mut message = format!("{}.{at}.", signed.id).into_bytes();
        message.extend_from_slice(body);
        signed.signatures.split(' ').any(|signature| self.is_of(signature, &message))
    }

    fn is_of(&self, signature: &str, message: &[u8]) -> bool {
        let tag = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        tag.is_some_and(|tag| hmac::verify(&self.0, message, &tag).is_ok())
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

impl Fault for WebhookError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchProvider => Class::Missing,
            Self::NotSigned => Class::Unauthenticated,
            Self::Unreadable => Class::Malformed,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchProvider => "no-such-provider",
            Self::NotSigned => "bad-signature",
            Self::Unreadable => "unreadable-webhook",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNED: Signed<'static> = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };

    fn secret() -> WebhookSecret {
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap()
    }

    fn proves(signed: Signed<'_>, body: &[u8], drift_s: i64) -> bool {
        let now = Timestamp::from_second(1_614_265_330 + drift_s).unwrap();
        secret().proves(&signed, body, now)
    }

    /// The example of the specification's reference libraries.
    #[test]
    fn the_example_of_the_standard_is_believed_for_five_minutes() {
        for (drift_s, believed) in
            [(0, true), (300, true), (-300, true), (301, false), (-301, false)]
        {
            assert_eq!(proves(SIGNED, BODY, drift_s), believed, "{drift_s} s");
        }
    }

    #[test]
    fn one_good_signature_among_others_is_enough() {
        let signatures = format!("v1a,xx v1,AAAA {} v2,zz", SIGNED.signatures);
        assert!(proves(Signed { signatures: &signatures, ..SIGNED }, BODY, 0));
    }

    #[test]
    fn whatever_is_changed_is_not_believed() {
        for signed in [
            Signed::default(),
            Signed { id: "msg_other", ..SIGNED },
            Signed { id: "", ..SIGNED },
            Signed { timestamp: "1614265331", ..SIGNED },
            Signed { timestamp: "now", ..SIGNED },
            Signed { timestamp: "99999999999999999999", ..SIGNED },
            Signed { signatures: "", ..SIGNED },
            Signed { signatures: "v1,", ..SIGNED },
            Signed { signatures: "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", ..SIGNED },
        ] {
            assert!(!proves(signed, BODY, 0), "{signed:?}");
        }
        assert!(!proves(SIGNED, br#"{"test":2432232314}"#, 0));
    }

    proptest! {
        #[test]
        fn no_bytes_from_outside_do_harm(id in ".*", timestamp in ".*", signatures in ".*", body: Vec<u8>) {
            let signed = Signed { id: &id, timestamp: &timestamp, signatures: &signatures };
            prop_assert!(!proves(signed, &body, 0));
        }
    }
}
