//! What the words are filled with; never a name or an address.

use std::collections::BTreeMap;

use common::types::{Currency, OrderId, Timestamp};

/// Values by name, as templates ask for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts(BTreeMap<String, String>);

impl Facts {
    /// Facts about an order, which people know by the last eight digits of its id.
    pub(crate) fn about(order: OrderId) -> Self {
        let id = order.to_string();
        let (_, short) = id.split_at(id.len().saturating_sub(8));
        Self::default().with("order", Some(short.to_owned()))
    }

    /// Adds a value, if there is one.
    pub(crate) fn with(mut self, name: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) const fn from_map(map: BTreeMap<String, String>) -> Self {
        Self(map)
    }

    pub(crate) const fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

/// `12.50 USD`: as many decimals as the currency has (ISO 4217).
pub(crate) fn amount(minor: i64, currency: Currency) -> String {
    let decimals = match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    if decimals == 0 {
        return format!("{minor} {currency}");
    }
    let scale = 10_i64.pow(decimals);
    let (whole, part) = (minor / scale, (minor % scale).abs());
    format!("{whole}.{part:0width$} {currency}", width = decimals as usize)
}

/// `18:05 UTC`; the zone of the reader is not known here.
pub(crate) fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

/// `out-of-stock` and `customer_changed_mind` in words.
pub(crate) fn reason(code: &str) -> String {
    code.replace(['-', '_'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let currency = |code| Currency::parse(code).unwrap();
        let cases = [
            (1250, "USD", "12.50 USD"),
            (5, "EUR", "0.05 EUR"),
            (1250, "JPY", "1250 JPY"),
            (1250, "KWD", "1.250 KWD"),
        ];
        for (minor, code, words) in cases {
            assert_eq!(amount(minor, currency(code)), words);
        }
    }
}
