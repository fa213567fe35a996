//! Breaks on the wire.

use common::types::Class;
use payment_contract::http::Break;
use serde::Deserialize;
use service_kit::Problem;
use utoipa::IntoParams;

use crate::app;

/// Which breaks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct WhichBreaks {
    /// Those that were settled, instead of those that wait for somebody.
    #[serde(default)]
    pub(in crate::routes) resolved: bool,
}

impl From<app::Break> for Break {
    fn from(found: app::Break) -> Self {
        let (resolved_at, resolved_by, resolution) = match found.resolved {
            Some(resolved) => (Some(resolved.at), resolved.by, Some(resolved.how)),
            None => (None, None, None),
        };
        Self {
            break_id: found.id,
            provider: found.provider,
            kind: found.difference.name().to_owned(),
            call_key: found.call_key,
            order_id: found.order,
            payment_id: found.payment,
            ours: found.ours,
            ours_minor: found.ours_minor,
            theirs: found.theirs,
            theirs_minor: found.theirs_minor,
            found_at: found.found_at,
            file_day: found.file_day.map(|day| day.to_string()),
            resolved_at,
            resolved_by,
            resolution,
        }
    }
}

/// A text that says nothing.
pub(in crate::routes) fn no_words(pointer: &'static str) -> Problem {
    Problem::new(Class::Invalid, "invalid-body")
        .saying("the body is JSON, but not what is asked for here")
        .pointing(pointer, "this text is empty")
}
