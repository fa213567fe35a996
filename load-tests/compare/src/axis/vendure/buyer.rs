//! Somebody who buys at Vendure's, as its storefronts do: seven calls for an order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Failure, Operate, Wire};

const SHOP: &str = "/shop-api";
const TAKEN: &str = "PaymentAuthorized";

const ADD: &str = "mutation($v:ID!){addItemToOrder(productVariantId:$v,quantity:1)\
    {__typename ... on ErrorResult{errorCode}}}";
const CUSTOMER: &str = "mutation($e:String!){setCustomerForOrder(input:{firstName:\"a\",lastName:\"b\",emailAddress:$e})\
    {__typename ... on ErrorResult{errorCode}}}";
const ADDRESS: &str = "mutation{setOrderShippingAddress(input:\
    {fullName:\"a\",streetLine1:\"s\",city:\"c\",postalCode:\"1\",countryCode:\"US\"})\
    {__typename ... on ErrorResult{errorCode}}}";
const METHODS: &str = "{eligibleShippingMethods{id}}";
const METHOD: &str = "mutation($i:[ID!]!){setOrderShippingMethod(shippingMethodId:$i)\
    {__typename ... on ErrorResult{errorCode}}}";
const ARRANGE: &str = "mutation{transitionOrderToState(state:\"ArrangingPayment\")\
    {__typename ... on ErrorResult{errorCode}}}";
const PAY: &str = "mutation{addPaymentToOrder(input:{method:\"dummy\",metadata:{}})\
    {__typename ... on Order{code state} ... on ErrorResult{errorCode}}}";

/// What all buyers saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    /// The codes of orders whose payment is authorized.
    codes: Vec<String>,
    /// How long the last of the seven calls took, and when it ended.
    last_calls: Vec<(Instant, Duration)>,
}

/// One hand that buys; the shop knows it from one order to the next.
pub(super) struct Buyer {
    wire: Wire,
    email: String,
    variant: String,
    session: Option<HeaderValue>,
    notes: Notes,
}

impl Notes {
    fn keep(&self, code: String, took: Duration) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.codes.push(code);
        noted.last_calls.push((Instant::now(), took));
    }

    /// All orders that were acknowledged.
    pub(super) fn codes(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).codes.clone()
    }

    /// How long each last call took that ended after `from`, in ms.
    pub(super) fn last_calls_ms(&self, from: Instant) -> Vec<f64> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let later = noted.last_calls.iter().filter(|(ended, _)| *ended >= from);
        later.map(|(_, took)| took.as_secs_f64() * 1e3).collect()
    }
}

impl Buyer {
    /// A hand of this number that buys one of `variant` again and again.
    pub(super) fn new(wire: Wire, number: usize, variant: &str, notes: Notes) -> Self {
        let email = format!("bench-{number}@example.com");
        Self { wire, email, variant: variant.to_owned(), session: None, notes }
    }

    async fn buys(&mut self) -> Result<(), Failure> {
        self.asks(ADD, json!({ "v": self.variant })).await?;
        self.asks(CUSTOMER, json!({ "e": self.email })).await?;
        self.asks(ADDRESS, json!({})).await?;
        let methods = self.asks(METHODS, json!({})).await?;
        self.asks(METHOD, json!({ "i": [methods.pointer("/0/id")] })).await?;
        self.asks(ARRANGE, json!({})).await?;

        let begun = Instant::now();
        let order = self.asks(PAY, json!({})).await?;
        let took = begun.elapsed();
        match (word(&order, "/code"), word(&order, "/state")) {
            (Some(code), Some(TAKEN)) => self.notes.keep(code.to_owned(), took),
            (_, state) => return Err(Failure(format!("state {}", state.unwrap_or("unknown")))),
        }
        Ok(())
    }

    async fn asks(&mut self, question: &str, variables: Value) -> Result<Value, Failure> {
        let body = json!({ "query": question, "variables": variables }).to_string();
        let asked = self.wire.post_keyless(SHOP, self.session.as_ref(), Bytes::from(body)).await?;
        if let Some(session) = asked.session.as_ref().and_then(bearer) {
            self.session = Some(session);
        }
        answer(asked.status, &asked.body)
    }
}

impl Operate for Buyer {
    async fn once(&mut self) -> Result<(), Failure> {
        let outcome = self.buys().await;
        if outcome.is_err() {
            // A half-made order would be in the way of the next.
            self.session = None;
        }
        outcome
    }
}

fn bearer(session: &HeaderValue) -> Option<HeaderValue> {
    format!("Bearer {}", session.to_str().ok()?).try_into().ok()
}

/// What was asked for, or the word under which a refusal counts.
fn answer(status: u16, body: &[u8]) -> Result<Value, Failure> {
    if status != 200 {
        return Err(Failure(format!("{status}")));
    }
    let unreadable = || Failure("unreadable answer".to_owned());
    let mut said: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    if let Some(error) = word(&said, "/errors/0/message") {
        return Err(Failure(error.to_owned()));
    }
    let data = said.get_mut("data").and_then(Value::as_object_mut).ok_or_else(unreadable)?;
    let found = data.values_mut().next().map(Value::take).ok_or_else(unreadable)?;
    match word(&found, "/errorCode") {
        Some(code) => Err(Failure(code.to_owned())),
        None => Ok(found),
    }
}

fn word<'a>(value: &'a Value, at: &str) -> Option<&'a str> {
    value.pointer(at)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_was_asked_for() {
        let said = br#"{"data":{"addPaymentToOrder":{"code":"A1","state":"PaymentAuthorized"}}}"#;
        assert_eq!(answer(200, said).unwrap()["code"], "A1");
    }

    #[test]
    fn every_way_to_refuse_is_a_failure() {
        let refusal = |status, body: &str| answer(status, body.as_bytes()).unwrap_err().0;
        assert_eq!(refusal(200, r#"{"data":{"x":{"errorCode":"NO_STOCK"}}}"#), "NO_STOCK");
        assert_eq!(refusal(200, r#"{"errors":[{"message":"deadlock"}],"data":null}"#), "deadlock");
        assert_eq!(refusal(200, r#"{"data":null}"#), "unreadable answer");
        assert_eq!(refusal(200, "<html>"), "unreadable answer");
        assert_eq!(refusal(503, ""), "503");
    }

    #[test]
    fn only_last_calls_of_the_measured_time_count() {
        let notes = Notes::default();
        notes.keep("A1".to_owned(), Duration::from_millis(9));
        std::thread::sleep(Duration::from_millis(2));
        let begun = Instant::now();
        notes.keep("A2".to_owned(), Duration::from_millis(70));

        let last = notes.last_calls_ms(begun);
        assert!(last.len() == 1 && (last[0] - 70.0).abs() < 1e-9);
        assert_eq!(notes.codes(), ["A1", "A2"]);
    }
}
