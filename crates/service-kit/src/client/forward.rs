//! Passing a request on, as the gateway does.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, Response, header},
};
use common::types::Principal;
use tokio::time::Instant;

use super::{
    Client,
    call::{by, describe},
    error::{CallError, Why},
};
use crate::{Problem, context, metrics::SERIES, stack::BodyError, token::TOKEN};

const HOP: std::time::Duration = std::time::Duration::from_millis(20);

/// Headers that belong to one connection (RFC 9110, 7.6.1), and `Host`, which names us.
const OF_THE_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

impl Client {
    /// Passes `request` on as it is, on behalf of `principal`, and gives back whatever comes, streams
    /// included. It is asked once: whether to repeat is the caller's decision. Only the header of the
    /// answer is bounded in time, by the caller's deadline.
    ///
    /// Headers that begin with `x-ce-` never come from outside: they are removed, and ours set.
    ///
    /// # Errors
    /// 503 where there was no answer, 413 or 408 where the request's body broke its limits on the way; an
    /// answer of any status is an answer.
    pub async fn forward(
        &self,
        request: Request,
        principal: Option<&Principal>,
    ) -> Result<Response<Body>, Problem> {
        let began = Instant::now();
        let outcome = self.pass_on(request, principal, began).await;
        let word = outcome.as_ref().map_or_else(CallError::outcome, |_| "ok");
        SERIES.called(self.0.peer, word, began.elapsed());
        outcome.map_err(|error| match BodyError::behind(&error) {
            Some(of_the_body) => Problem::from(of_the_body).caused_by(error),
            None => Problem::from(error),
        })
    }

    async fn pass_on(
        &self,
        request: Request,
        principal: Option<&Principal>,
        began: Instant,
    ) -> Result<Response<Body>, CallError> {
        if !self.0.breaker.lets_through() {
            SERIES.dropped(self.0.peer);
            return Err(CallError::unavailable(Why::Dropped));
        }
        let left = context::time_left().map_or(Some(self.0.timeout), |left| left.checked_sub(HOP));
        let until = began + left.ok_or_else(|| CallError::unavailable(Why::NoTime))?;
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{path}", self.0.base.as_str().trim_end_matches('/'));
        let mut headers = parts.headers;
        strip(&mut headers);
        if let Some(ours) = &self.0.ours {
            if let Some(principal) = principal {
                let token = ours.signer.token(ours.audience, principal);
                headers.insert(TOKEN, token.map_err(|error| CallError::Unavailable(error.into()))?);
            }
            describe(&mut headers, until);
        }
        let mut outgoing = self.0.http.request(parts.method, url).headers(headers);
        if !hyper::body::Body::is_end_stream(&body) {
            outgoing = outgoing.body(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        let answer = by(until, outgoing.send()).await?.map_err(CallError::from_transport)?;
        self.0.breaker.answered(answer.status().is_server_error(), answer.headers());
        let mut answer: Response<Body> = Response::<reqwest::Body>::from(answer).map(Body::new);
        for name in OF_THE_HOP {
            answer.headers_mut().remove(name);
        }
        Ok(answer)
    }
}

fn strip(headers: &mut HeaderMap) {
    for name in OF_THE_HOP {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    let private: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("x-ce-")).cloned().collect();
    for name in private {
        headers.remove(name);
    }
}
