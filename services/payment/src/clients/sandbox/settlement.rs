//! The stand-in's daily file: JSON lines, the last of which counts the others.

use common::types::Currency;
use serde::Deserialize;

use crate::{
    clients::provider::Piece,
    domain::{SettledKind, SettledRow},
};

/// A line, as far as we read it.
#[derive(Deserialize)]
struct Line {
    kind: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    amount_minor: i64,
    currency: Option<Currency>,
    /// Of the last line only.
    #[serde(default)]
    rows: i64,
}

/// What is no line of such a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("a line is no JSON")]
    Json(#[from] serde_json::Error),
    #[error("a line has no end")]
    Endless,
    #[error("a line says nothing that is known")]
    Unknown,
}

/// Reads whole lines; what begins at the end belongs to the next piece. `from` is where the bytes begin.
pub(super) fn read(bytes: &[u8], from: u64) -> Result<Piece, Unreadable> {
    let mut piece = Piece { rows: Vec::new(), next: from, end: None };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some((b'\n', text)) = line.split_last() else { break };
        piece.next += line.len() as u64;
        let line: Line = serde_json::from_slice(text)?;
        if line.kind == "end" {
            piece.end = Some(line.rows);
            return Ok(piece);
        }
        let kind = SettledKind::parse(&line.kind).ok_or(Unreadable::Unknown)?;
        let currency = line.currency.ok_or(Unreadable::Unknown)?;
        let (key, amount_minor) = (line.key, line.amount_minor);
        piece.rows.push(SettledRow { key, kind, amount_minor, currency });
    }
    if piece.next == from { Err(Unreadable::Endless) } else { Ok(piece) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"{\"kind\":\"charge\",\"key\":\"k\",\"amount_minor\":5,\"currency\":\"USD\"}\n{\"kind\":\"end\",\"rows\":1}\n";

    #[test]
    fn a_line_that_is_cut_off_is_left_for_the_next_piece() {
        let first = read(&TWO[..70], 10).unwrap();
        assert_eq!((first.rows.len(), first.end), (1, None));

        let rest = usize::try_from(first.next - 10).unwrap();
        let second = read(&TWO[rest..], first.next).unwrap();

        assert_eq!((second.rows.len(), second.end), (0, Some(1)));
        assert_eq!(second.next, 10 + TWO.len() as u64);
    }

    #[test]
    fn what_is_no_such_file_is_not_taken_for_one() {
        for bytes in
            [&b""[..], b"no end", b"<html>\n", b"{\"kind\":\"gift\",\"currency\":\"USD\"}\n"]
        {
            assert!(read(bytes, 0).is_err());
        }
    }
}
