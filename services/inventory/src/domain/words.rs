//! Names in addresses.

/// Whether `text` may stand in an address: 1 to 60 of `a-z`, `0-9` and `-`, and never the look of a UUID.
pub(super) fn is_slug(text: &str) -> bool {
    let clean = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=60).contains(&text.len())
        && text.bytes().all(clean)
        && uuid::Uuid::try_parse(text).is_err()
}

#[cfg(test)]
mod tests {
    use super::is_slug;

    #[test]
    fn a_slug_is_lower_case_and_is_never_taken_for_an_id() {
        assert!(is_slug("flat-white-2"));
        for text in ["", "Latte", "flat white", "latté", "0191e4b0-0000-7000-8000-000000000001"] {
            assert!(!is_slug(text), "{text}");
        }
    }
}
