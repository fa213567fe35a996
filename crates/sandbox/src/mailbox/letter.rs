//! A letter as people read it: subject and text out of RFC 5322 and MIME (RFC 2045, 2047).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Envelope;

/// A letter, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The envelope's id.
    pub id: uuid::Uuid,
    /// When it arrived.
    pub at: jiff::Timestamp,
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The subject, empty if there is none.
    pub subject: String,
    /// The `Message-ID`, empty if there is none.
    pub message_id: String,
    /// The text; of several parts the first that is plain text.
    pub text: String,
}

impl From<&Envelope> for Letter {
    fn from(envelope: &Envelope) -> Self {
        let part = Part::parse(&envelope.raw);
        Self {
            id: envelope.id,
            at: envelope.at,
            from: envelope.from.clone(),
            to: envelope.to.clone(),
            subject: decode_words(&part.header("subject")),
            message_id: part.header("message-id"),
            text: part.text(),
        }
    }
}

struct Part {
    headers: Vec<(String, String)>,
    body: String,
}

impl Part {
    fn parse(raw: &str) -> Self {
        let raw = raw.replace("\r\n", "\n");
        let (head, body) = match raw.strip_prefix('\n') {
            Some(body) => ("", body),
            None => raw.split_once("\n\n").unwrap_or((&raw, "")),
        };
        let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
        let headers = unfolded.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        });
        Self { headers: headers.collect(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(candidate, _)| candidate == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn text(&self) -> String {
        let kind = self.header("content-type");
        if let Some(boundary) = boundary(&kind) {
            let delimiter = format!("--{boundary}");
            let parts = self.body.split(&delimiter).skip(1);
            let mut parts = parts.filter_map(|part| part.strip_prefix('\n')).map(Self::parse);
            let plain = parts.find(|part| {
                let kind = part.header("content-type");
                kind.is_empty() || kind.starts_with("text/plain")
            });
            // One level is enough: what is deeper is shown as it came.
            return plain.map_or_else(|| self.body.clone(), |part| part.decoded());
        }
        self.decoded()
    }

    fn decoded(&self) -> String {
        match self.header("content-transfer-encoding").to_ascii_lowercase().as_str() {
            "base64" => {
                let packed: String = self.body.split_whitespace().collect();
                match STANDARD.decode(packed) {
                    Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                    Err(_) => self.body.clone(),
                }
            }
            "quoted-printable" => unquote(&self.body.replace("=\n", ""), false),
            _ => self.body.clone(),
        }
    }
}

fn boundary(kind: &str) -> Option<String> {
    let parameters = kind.strip_prefix("multipart/")?;
    let (_, value) = parameters.split_once("boundary=")?;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split([';', ' ']).next(),
    };
    value.map(str::to_owned)
}

/// Decodes `=XX`; in a word (RFC 2047) `_` is a space as well.
fn unquote(text: &str, word: bool) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let hex = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (first, byte) {
            (b'=', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'_', _) if word => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn decode_words(value: &str) -> String {
    let (mut text, mut rest) = (String::new(), value);
    while let Some((before, word)) = rest.split_once("=?") {
        let mut fields = word.splitn(3, '?');
        let (Some(_charset), Some(encoding), Some(tail)) =
            (fields.next(), fields.next(), fields.next())
        else {
            break;
        };
        let Some((payload, after)) = tail.split_once("?=") else { break };
        // White space between two encoded words belongs to neither.
        if text.is_empty() || !before.trim().is_empty() {
            text.push_str(before);
        }
        match (encoding, STANDARD.decode(payload)) {
            ("b" | "B", Ok(bytes)) => text.push_str(&String::from_utf8_lossy(&bytes)),
            ("q" | "Q", _) => text.push_str(&unquote(payload, true)),
            _ => text.push_str(payload),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> (String, String) {
        let part = Part::parse(raw);
        (decode_words(&part.header("subject")), part.text())
    }

    #[test]
    fn subject_and_text_are_readable_in_every_usual_encoding() {
        let cases = [
            ("Subject: hi\r\n\r\nplain\r\n", "hi", "plain\n"),
            ("Subject: =?utf-8?B?Y2Fmw6k=?=\r\n =?utf-8?Q?_=C3=A0_la?=\r\n\r\n", "café à la", ""),
            ("Content-Transfer-Encoding: base64\r\n\r\nY2Fm\r\nw6k=\r\n", "", "café"),
            (
                "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9 =\r\nau lait = good",
                "",
                "café au lait = good",
            ),
            (
                "Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b--\r\n",
                "",
                "plain\n",
            ),
            ("no header at all", "", ""),
            ("\r\nonly a body", "", "only a body"),
        ];
        for (raw, subject, text) in cases {
            assert_eq!(read(raw), (subject.to_owned(), text.to_owned()), "{raw}");
        }
    }
}
