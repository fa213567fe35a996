//! Names in addresses.

const SLUG_MAX: usize = 60;

/// Whether `text` may stand in an address: 1 to 60 of `a-z`, `0-9` and `-`, and never the look of a UUID.
pub(super) fn is_slug(text: &str) -> bool {
    let clean = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=SLUG_MAX).contains(&text.len())
        && text.bytes().all(clean)
        && uuid::Uuid::try_parse(text).is_err()
}

/// The name of something called `words` in addresses, if it has letters that stand there.
pub(super) fn slug_of(words: &str) -> Option<String> {
    let letters = |c: char| !c.is_ascii_alphanumeric();
    let parts: Vec<&str> = words.split(letters).filter(|part| !part.is_empty()).collect();
    let slug = parts.join("-").to_ascii_lowercase();
    let slug = slug.get(..SLUG_MAX).unwrap_or(&slug).trim_end_matches('-');
    is_slug(slug).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{is_slug, slug_of};

    #[test]
    fn words_become_a_slug() {
        assert_eq!(slug_of(" Café au lait, 2x! ").as_deref(), Some("caf-au-lait-2x"));
        assert_eq!(slug_of("珈琲"), None);
        let long = slug_of(&"a ".repeat(70)).unwrap();
        assert!(is_slug(&long) && long.len() == 59, "{long}");
    }

    #[test]
    fn a_slug_is_lower_case_and_is_never_taken_for_an_id() {
        assert!(is_slug("flat-white-2"));
        for text in ["", "Latte", "flat white", "latté", "0191e4b0-0000-7000-8000-000000000001"] {
            assert!(!is_slug(text), "{text}");
        }
    }
}
