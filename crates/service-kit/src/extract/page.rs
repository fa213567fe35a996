//! Which part of a list.

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use axum::{
    extract::{FromRequestParts, Query as AnyQuery},
    http::request::Parts,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::types::Class;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::{
    IntoParams,
    openapi::{
        KnownFormat, ObjectBuilder, Required, SchemaFormat, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::caller::outside_of_the_stack;
use crate::{Problem, context};

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;
const CURSOR_MAX: usize = 1_024;
const SIGNATURE_LEN: usize = 16;

/// A page of a list: `limit` and `cursor` of the query; other parameters are none of its business.
///
/// A cursor is opaque, signed, and good for the path that gave it. 400 `invalid-query`, `invalid-cursor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// 1 to 100 rows.
    pub limit: u32,
    /// Where to go on, as the last page said.
    pub cursor: Option<String>,
    path: String,
    /// The other parameters, as they came: the next page is of the same list.
    filter: String,
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let AnyQuery(pairs) = AnyQuery::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Problem::new(Class::Malformed, "invalid-query").caused_by(error))?;
        let mut page = Self {
            limit: LIMIT_DEFAULT,
            cursor: None,
            path: parts.uri.path().to_owned(),
            filter: filter(parts.uri.query().unwrap_or_default()),
        };
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => page.limit = limit(&value)?,
                "cursor" => page.cursor = Some(value),
                _ => {}
            }
        }
        Ok(page)
    }
}

impl Page {
    /// What the cursor says, as [`cursor_for`](Self::cursor_for) was told; `None` on the first page.
    ///
    /// # Errors
    /// 400 `invalid-cursor` where it was not given by this list, or was changed.
    pub fn after<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let invalid = || Problem::new(Class::Malformed, "invalid-cursor");
        let payload = self.opened(cursor)?.ok_or_else(invalid)?;
        serde_json::from_slice(&payload).map(Some).map_err(|error| invalid().caused_by(error))
    }

    /// A cursor that leads to what follows `last`: the sort key of the last row shown.
    ///
    /// # Errors
    /// A payload that cannot be written.
    pub fn cursor_for<T: Serialize>(&self, last: &T) -> Result<String, Problem> {
        let payload = serde_json::to_vec(last)
            .map_err(|error| Problem::new(Class::Broken, "unwritable-body").caused_by(error))?;
        let mut bytes = self.signature(&payload)?.to_vec();
        bytes.extend_from_slice(&payload);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn link(&self, cursor: &str) -> String {
        let Self { path, filter, limit, .. } = self;
        format!("<{path}?{filter}limit={limit}&cursor={cursor}>; rel=\"next\"")
    }

    fn opened(&self, cursor: &str) -> Result<Option<Vec<u8>>, Problem> {
        if cursor.len() > CURSOR_MAX {
            return Ok(None);
        }
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(cursor) else { return Ok(None) };
        let Some((signature, payload)) = bytes.split_at_checked(SIGNATURE_LEN) else {
            return Ok(None);
        };
        let good = verify_slices_are_equal(signature, &self.signature(payload)?).is_ok();
        Ok(good.then(|| payload.to_vec()))
    }

    fn signature(&self, payload: &[u8]) -> Result<[u8; SIGNATURE_LEN], Problem> {
        let context = context::current().ok_or_else(outside_of_the_stack)?;
        let mut mac = hmac::Context::with_key(&context.shared.cursors);
        mac.update(self.path.as_bytes());
        mac.update(b"\n");
        mac.update(payload);
        let mut signature = [0; SIGNATURE_LEN];
        for (to, from) in signature.iter_mut().zip(mac.sign().as_ref()) {
            *to = *from;
        }
        Ok(signature)
    }
}

fn filter(query: &str) -> String {
    let own = |pair: &&str| pair.starts_with("limit=") || pair.starts_with("cursor=");
    query.split('&').filter(|pair| !pair.is_empty() && !own(pair)).fold(
        String::new(),
        |mut all, pair| {
            all.push_str(pair);
            all.push('&');
            all
        },
    )
}

fn limit(text: &str) -> Result<u32, Problem> {
    let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| {
        Problem::new(Class::Malformed, "invalid-query")
            .saying("the query has a parameter that is not allowed")
            .pointing("?limit", "1 to 100")
    })
}

impl IntoParams for Page {
    fn into_params(_parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
            .maximum(Some(LIMIT_MAX))
            .default(Some(LIMIT_DEFAULT.into()));
        let cursor = ObjectBuilder::new().schema_type(Type::String).max_length(Some(CURSOR_MAX));
        let parameter = |name, schema: ObjectBuilder, description| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        vec![
            parameter("limit", limit, "How many rows at most"),
            parameter("cursor", cursor, "`next_cursor` of the page before"),
        ]
    }
}
