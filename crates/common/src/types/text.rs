//! Words that people type, made safe to keep and to show.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use utoipa::ToSchema;

/// At most `MAX` characters as a reader counts them (grapheme clusters, UAX 29), at most sixteen bytes
/// for each, NFC, without control or direction-changing characters; line feeds stay. Shown as `***` in logs.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct Text<const MAX: usize>(String);

/// Words that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More characters or bytes than allowed.
    #[error("the text is longer than {0} characters")]
    TooLong(usize),
    /// NUL, control, bidirectional override or zero-width.
    #[error("the text holds a control or an invisible character")]
    Unsafe,
}

const BYTES_PER_CHARACTER_MAX: usize = 16;

impl<const MAX: usize> Text<MAX> {
    /// Normalises and checks.
    ///
    /// # Errors
    /// [`TextError`]
    pub fn new(text: &str) -> Result<Self, TextError> {
        let text: String = text.nfc().collect();
        if text.len() > MAX * BYTES_PER_CHARACTER_MAX || text.graphemes(true).count() > MAX {
            return Err(TextError::TooLong(MAX));
        }
        if text.chars().any(unfit) {
            return Err(TextError::Unsafe);
        }
        Ok(Self(text))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn unfit(c: char) -> bool {
    let control = c.is_control() && c != '\n';
    let bidirectional =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let invisible = matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{2028}' | '\u{2029}');
    control || bidirectional || invisible
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        Self::new(&text)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> std::fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_would_not_see_is_refused() {
        for text in ["\0", "a\u{7}b", "a\u{202e}b", "a\u{200b}b", "\u{feff}a", "a\u{9b}b"] {
            assert_eq!(Text::<10>::new(text), Err(TextError::Unsafe), "{text:?}");
        }
    }

    #[test]
    fn length_is_what_a_reader_counts_and_bytes_are_bounded() {
        assert!(Text::<3>::new("añ🇦🇩").is_ok());
        assert_eq!(Text::<3>::new("abcd"), Err(TextError::TooLong(3)));
        let stacked = format!("a{}", "\u{301}".repeat(10_000));
        assert_eq!(Text::<3>::new(&stacked), Err(TextError::TooLong(3)));
    }

    #[test]
    fn two_spellings_of_a_word_are_one_word() {
        assert_eq!(Text::<10>::new("cafe\u{301}"), Text::<10>::new("caf\u{e9}"));
    }
}
