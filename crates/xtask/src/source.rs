//! Rust source as tokens: code only, without comments, literals and tests.

/// A word or a sign of code, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// The code of a file. Comments and text are left out; a literal leaves no token.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner { rest: source, line: 1, found: Vec::new() };
    while scanner.step() {}
    scanner.found
}

/// The same without what `#[cfg(test)]` stands before.
pub(crate) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at..).unwrap_or_default();
        if starts_tests(rest) {
            at += length_of_item(rest);
        } else {
            kept.push(token.clone());
            at += 1;
        }
    }
    kept
}

/// Whether the texts of `tokens` begin with `words`.
pub(crate) fn begins(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.text == *word)
}

/// The number of tokens up to where an item ends: at `;` or with the body in braces.
pub(crate) fn length_of_item(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn starts_tests(tokens: &[Token]) -> bool {
    begins(tokens, &["#", "[", "cfg", "(", "test", ")", "]"])
        || begins(tokens, &["#", "[", "cfg", "(", "all", "(", "test"])
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Token>,
}

impl Scanner<'_> {
    /// Takes one token, comment, literal or space; `false` at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        let rest = self.rest;
        if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(length_of_comment(rest));
        } else if let Some(length) = length_of_text(rest) {
            self.skip(length);
        } else if first == '\'' {
            self.skip(length_after_quote(rest));
        } else if first.is_alphanumeric() || first == '_' {
            self.take(word_length(rest));
        } else if rest.starts_with("::") {
            self.take(2);
        } else {
            self.take(first.len_utf8());
        }
        true
    }

    fn take(&mut self, length: usize) {
        let text = self.rest.get(..length).unwrap_or_default().to_owned();
        self.found.push(Token { text, line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (passed, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }
}

fn word_length(rest: &str) -> usize {
    rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len())
}

fn length_of_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of a string literal of any kind, if one begins here.
fn length_of_text(rest: &str) -> Option<usize> {
    let prefix = rest.find(|next: char| !matches!(next, 'b' | 'c' | 'r'))?;
    let (prefix, body) = rest.split_at_checked(prefix)?;
    if prefix.contains('r') {
        let fence = body.find(|next| next != '#')?;
        if !body.get(fence..)?.starts_with('"') {
            return None;
        }
        let end = format!("\"{}", "#".repeat(fence));
        let inside = body.get(fence + 1..)?;
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(prefix.len() + fence + 1 + length);
    }
    let mut chars = body.strip_prefix('"')?.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '\\' => drop(chars.next()),
            '"' => return Some(prefix.len() + at + 2),
            _ => {}
        }
    }
    Some(rest.len())
}

/// A character literal, or the quote of a lifetime.
fn length_after_quote(rest: &str) -> usize {
    let inside = rest.get(1..).unwrap_or_default();
    if let Some(escaped) = inside.strip_prefix('\\') {
        let first = escaped.chars().next().map_or(0, char::len_utf8);
        let end = escaped.get(first..).and_then(|tail| tail.find('\''));
        return end.map_or(rest.len(), |end| 2 + first + end + 1);
    }
    let first = inside.chars().next().map_or(0, char::len_utf8);
    let is_char = inside.get(first..).is_some_and(|tail| tail.starts_with('\''));
    if is_char { first + 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        without_tests(&tokens(source)).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        let source = "a // b\n/* c /* d */ e */ f \"g \\\" h\" r#\"i \" j\"# 'k' '\\'' 'l m::n";
        assert_eq!(words(source), ["a", "f", "l", "m", "::", "n"]);
    }

    #[test]
    fn tests_are_not_code() {
        let source = "a #[cfg(test)] mod tests { fn b() { c } } d #[cfg(test)] use e::f; h";
        assert_eq!(words(source), ["a", "d", "h"]);
    }

    #[test]
    fn a_token_knows_its_line() {
        let found = tokens("a\n\n/* \n */ b \"\n\" c");
        let lines: Vec<usize> = found.iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 4, 5]);
    }
}
