//! Tokens by which MSK knows a role of IAM: the request `kafka-cluster:Connect`, signed and never sent.
//! The form is that of AWS's own signers, <https://github.com/aws/aws-msk-iam-sasl-signer-python>.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_eventbridge::config::{Credentials, ProvideCredentials};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use common::types::{Clock, SystemClock};
use jiff::Timestamp;

use super::access::{Source, Token};

/// As long as AWS's signers let them live.
const LIFE: Duration = Duration::from_mins(15);
const USER_AGENT: &str = concat!("User-Agent=cloudeats-", env!("CARGO_PKG_VERSION"));

/// Tokens for who runs here: the pod's role, or the credentials of the environment.
pub(super) fn tokens(aws: SdkConfig) -> Source {
    let aws = Arc::new(aws);
    Arc::new(move || {
        let aws = Arc::clone(&aws);
        Box::pin(async move {
            let provider = aws.credentials_provider().context("there are no AWS credentials")?;
            let credentials = provider.provide_credentials().await?;
            let region = aws.region().context("there is no AWS region")?;
            token(credentials, region.as_ref(), SystemClock.now())
        })
    })
}

fn token(credentials: Credentials, region: &str, now: Timestamp) -> anyhow::Result<Token> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(LIFE);
    // Credentials that end sooner take the token along.
    let ends = credentials.expiry().and_then(|ends| Timestamp::try_from(ends).ok());
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("kafka-cluster")
        .time(SystemTime::from(now))
        .settings(settings)
        .build()?;
    let address = format!("https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect");
    let none = std::iter::empty();
    let signable = SignableRequest::new("GET", &address, none, SignableBody::Bytes(&[]))?;
    let (signature, _) = sign(signable, &params.into())?.into_parts();
    let mut request = http::Request::get(&address).body(())?;
    signature.apply_to_request_http1x(&mut request);
    let signed = format!("{}&{USER_AGENT}", request.uri());
    let until = now.checked_add(LIFE)?;
    Ok(Token {
        words: BASE64_URL_SAFE_NO_PAD.encode(signed),
        until: ends.map_or(until, |ends| ends.min(until)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(ends: Option<SystemTime>) -> Credentials {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        Credentials::new("AKIDEXAMPLE", secret, Some("session/to+ken==".into()), ends, "test")
    }

    #[test]
    fn a_token_is_what_awss_own_signer_makes_of_the_same_credentials_at_the_same_time() {
        let now: Timestamp = "2026-11-22T03:04:05Z".parse().unwrap();

        let token = token(credentials(None), "eu-west-1", now).unwrap();

        let address = BASE64_URL_SAFE_NO_PAD.decode(&token.words).unwrap();
        let address = String::from_utf8(address).unwrap();
        let (signed, agent) = address.rsplit_once('&').unwrap();
        let (endpoint, query) = signed.split_once('?').unwrap();
        let mut parts: Vec<&str> = query.split('&').collect();
        parts.sort_unstable();
        assert_eq!(endpoint, "https://kafka.eu-west-1.amazonaws.com/");
        // Of aws-msk-iam-sasl-signer-python 1.0.2, its clock held at this second.
        let expected = [
            "Action=kafka-cluster%3AConnect",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=AKIDEXAMPLE%2F20261122%2Feu-west-1%2Fkafka-cluster%2Faws4_request",
            "X-Amz-Date=20261122T030405Z",
            "X-Amz-Expires=900",
            "X-Amz-Security-Token=session%2Fto%2Bken%3D%3D",
            "X-Amz-Signature=3cb186a1c4f14faa42193d574893b700d9ee8f70efc9289343b1fe513a56f1a5",
            "X-Amz-SignedHeaders=host",
        ];
        assert_eq!(parts, expected);
        assert!(agent.starts_with("User-Agent=cloudeats-"), "{agent}");
        assert_eq!(token.until, "2026-11-22T03:19:05Z".parse().unwrap());
    }

    #[test]
    fn a_token_ends_with_the_credentials_that_signed_it() {
        let now: Timestamp = "2026-11-22T03:04:05Z".parse().unwrap();
        let ends: Timestamp = "2026-11-22T03:10:00Z".parse().unwrap();

        let token = token(credentials(Some(ends.into())), "eu-west-1", now).unwrap();

        assert_eq!(token.until, ends);
    }
}
