//! What the header of a request must look like before anybody reads it (RFC 9112).
//!
//! Stricter than the parser behind it: where two readers could disagree about where a request ends, there
//! is no request.

use axum::http::{StatusCode, Uri};
use common::types::Class;

use crate::{
    Problem,
    config::{HEADERS_MAX, URI_MAX},
};

/// What follows a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// So many bytes.
    Exactly(u64),
    /// Chunks.
    Chunked,
}

/// Judges a header, from the first byte of its request line to the empty line that ends it.
pub(super) fn judge(head: &[u8]) -> Result<Length, Problem> {
    let mut lines = Lines(head);
    let version = request_line(lines.next()?)?;
    let mut framing = Framing { version, length: None, chunked: false };
    let mut count = 0;
    loop {
        let line = lines.next()?;
        if line.is_empty() {
            return framing.length();
        }
        count += 1;
        if count > HEADERS_MAX {
            return Err(too_large());
        }
        let (name, value) = field(line)?;
        framing.note(name, value)?;
    }
}

/// More bytes of header, or more lines, than anybody needs.
pub(super) fn too_large() -> Problem {
    Problem::new(Class::Malformed, "header-too-large")
        .status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        .saying("the header has too many bytes or lines")
}

/// A request line that does not end.
pub(super) fn uri_too_long() -> Problem {
    Problem::new(Class::Malformed, "uri-too-long").status(StatusCode::URI_TOO_LONG)
}

/// Not HTTP/1.1, whatever it is.
pub(super) fn malformed(why: &'static str) -> Problem {
    Problem::new(Class::Malformed, "malformed-request").saying(why)
}

fn ambiguous() -> Problem {
    Problem::new(Class::Malformed, "ambiguous-length")
        .saying("a body has one length or is chunked, never both")
}

/// Lines that end with CR and LF, and have neither inside.
struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a [u8], Problem> {
        let end = self.0.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (line, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 =
            rest.strip_prefix(b"\r\n").ok_or_else(|| malformed("a line ends with CR and LF"))?;
        Ok(line)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

fn request_line(line: &[u8]) -> Result<Version, Problem> {
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed("a request begins with a method, a target and a version"));
    };
    if !is_token(method) {
        return Err(malformed("this is no method"));
    }
    if target.len() > URI_MAX {
        return Err(uri_too_long());
    }
    if !target.iter().all(u8::is_ascii_graphic) || Uri::try_from(target).is_err() {
        return Err(malformed("this is no target"));
    }
    match version {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        _ => Err(malformed("only HTTP/1.1 is spoken here")),
    }
}

fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Problem> {
    let colon = line.iter().position(|byte| *byte == b':');
    let (name, value) = colon
        .and_then(|colon| line.split_at_checked(colon))
        .ok_or_else(|| malformed("a header line has a colon"))?;
    // A folded line begins with a space, and so does what is before a colon that stands apart.
    if !is_token(name) {
        return Err(malformed("a header line begins with a name"));
    }
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    let fine = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if !value.iter().all(fine) {
        return Err(malformed("a header line holds no control characters"));
    }
    Ok((name, value))
}

/// Whether a request may begin so; what begins otherwise, such as a TLS handshake, is not waited for.
pub(super) fn begins(byte: u8) -> bool {
    byte == b'\r' || is_of_token(byte)
}

/// RFC 9110, 5.6.2.
fn is_token(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().copied().all(is_of_token)
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

struct Framing {
    version: Version,
    length: Option<u64>,
    chunked: bool,
}

impl Framing {
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), Problem> {
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.length.replace(length(value)?).is_some() {
                return Err(ambiguous());
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.version == Version::Http10 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(malformed("the only transfer encoding is chunked"));
            }
            if std::mem::replace(&mut self.chunked, true) {
                return Err(ambiguous());
            }
        }
        Ok(())
    }

    fn length(&self) -> Result<Length, Problem> {
        match (self.length, self.chunked) {
            (Some(_), true) => Err(ambiguous()),
            (None, true) => Ok(Length::Chunked),
            (length, false) => Ok(Length::Exactly(length.unwrap_or(0))),
        }
    }
}

fn length(value: &[u8]) -> Result<u64, Problem> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits);
    text.and_then(|text| text.parse().ok()).ok_or_else(|| malformed("a length is a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &str) -> Result<Length, &'static str> {
        let head = format!("POST /v1/orders HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
        judge(head.as_bytes()).map_err(|problem| problem.code())
    }

    fn code(head: &str) -> Option<&'static str> {
        judge(head.as_bytes()).err().map(|problem| problem.code())
    }

    #[test]
    fn a_body_has_one_length() {
        assert_eq!(with(""), Ok(Length::Exactly(0)));
        assert_eq!(with("content-length: 12\r\n"), Ok(Length::Exactly(12)));
        assert_eq!(with("Transfer-Encoding:\tCHUNKED \r\n"), Ok(Length::Chunked));
        for lines in [
            "content-length: 4\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
            "content-length: 4\r\ncontent-length: 4\r\n",
            "content-length: 4\r\nContent-Length: 5\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        ] {
            assert_eq!(with(lines), Err("ambiguous-length"), "{lines:?}");
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_is_no_request() {
        for lines in [
            "content-length: +4\r\n",
            "content-length: -1\r\n",
            "content-length: 4, 4\r\n",
            "content-length: 0x4\r\n",
            "content-length:\r\n",
            "content-length: 18446744073709551616\r\n",
            "transfer-encoding: xchunked\r\n",
            "transfer-encoding: chunked, gzip\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding : chunked\r\n",
            " transfer-encoding: chunked\r\n",
            "x-folded: a\r\n b\r\n",
            "x-folded: a\r\n\tb\r\n",
            "x-bare: a\nx-other: b\r\n",
            "x-bare: a\rx-other: b\r\n",
            "x-null: a\0b\r\n",
            "x-delete: a\x7fb\r\n",
            "x-none\r\n",
            ": none\r\n",
            "x(y): z\r\n",
        ] {
            assert_eq!(with(lines), Err("malformed-request"), "{lines:?}");
        }
    }

    #[test]
    fn a_request_line_has_three_words_and_one_space_between_them() {
        for line in [
            "GET / HTTP/1.1\r\n\r\n",
            "BREW /pot?x=1 HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(code(line), None, "{line:?}");
        }
        for line in [
            "GET /\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1 \r\n\r\n",
            "GET\t/\tHTTP/1.1\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "GET / http/1.1\r\n\r\n",
            "G(T / HTTP/1.1\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\n\r\n",
            "\u{16}\u{3}\u{1}\r\n\r\n",
            "GET / HTTP/1.1\n\n",
        ] {
            assert_eq!(code(line), Some("malformed-request"), "{line:?}");
        }
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(URI_MAX));
        assert_eq!(code(&long), Some("uri-too-long"));
    }

    #[test]
    fn a_header_has_at_most_so_many_lines() {
        assert_eq!(with(&"x-line: 1\r\n".repeat(HEADERS_MAX - 1)), Ok(Length::Exactly(0)));
        assert_eq!(with(&"x-line: 1\r\n".repeat(HEADERS_MAX)), Err("header-too-large"));
    }
}
