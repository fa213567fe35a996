//! Addresses.

use super::AccountError;

/// An address for sign-in and messages.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email {
    typed: String,
    folded: String,
}

impl Email {
    /// Reads an address. Whether mail arrives there, only mail can tell: this refuses what is none.
    pub(crate) fn parse(text: &str) -> Result<Self, AccountError> {
        let typed = text.trim();
        let (local, domain) = typed.rsplit_once('@').ok_or(AccountError::BadEmail)?;
        let clean = |part: &str| {
            !part.is_empty()
                && !part.contains(|c: char| {
                    c.is_whitespace() || c.is_control() || "@<>,;\"".contains(c)
                })
        };
        let labels = domain
            .split('.')
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
        if !clean(local) || !clean(domain) || !labels || local.len() > 64 || typed.len() > 254 {
            return Err(AccountError::BadEmail);
        }
        Ok(Self { typed: typed.to_owned(), folded: typed.to_lowercase() })
    }

    /// As it was typed.
    pub(crate) fn as_str(&self) -> &str {
        &self.typed
    }

    /// The same for every spelling that differs in case only.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_told_from_other_words() {
        for good in ["anna@example.com", "a.b+c@sub.example.org", "anna@localhost", "ä@exämple.de"]
        {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "anna",
            "@example.com",
            "anna@",
            "a b@example.com",
            "a@b@c",
            "a@x..y",
            "a@-x",
            "a<b@x",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn case_makes_no_other_address() {
        let (one, two) =
            (Email::parse("Anna@Example.COM").unwrap(), Email::parse("anna@example.com").unwrap());
        assert_eq!(one.folded(), two.folded());
        assert_eq!(one.as_str(), "Anna@Example.COM");
    }

    proptest! {
        #[test]
        fn no_words_break_it(text in ".{0,300}") {
            let _ = Email::parse(&text);
        }

        #[test]
        fn folding_is_stable(text in "[a-zA-Z]{1,10}@[a-zA-Z]{1,10}\\.com") {
            let once = Email::parse(&text).unwrap();
            let twice = Email::parse(once.folded()).unwrap();
            prop_assert_eq!(once.folded(), twice.folded());
        }
    }
}
