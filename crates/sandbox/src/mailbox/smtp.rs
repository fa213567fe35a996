//! The SMTP conversation (RFC 5321) as a state machine: lines in, replies out.

use super::Delivery;

/// The longest command line with its end (RFC 5321, 4.5.3.1.4).
pub const COMMAND_MAX_BYTES: usize = 512;
/// The longest line of a letter. RFC 5321 says 1,000; libraries write more.
pub const LINE_MAX_BYTES: usize = 8 * 1024;
/// The largest letter.
pub const LETTER_MAX_BYTES: usize = 256 * 1024;
/// The most recipients of one letter.
pub const RECIPIENTS_MAX: usize = 100;
/// After so many errors the conversation ends.
pub const ERRORS_MAX: usize = 10;

/// A conversation with one client.
#[derive(Debug, Default)]
pub struct Session {
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
    data: Option<Data>,
    errors: usize,
}

#[derive(Debug, Default)]
struct Data {
    bytes: Vec<u8>,
    too_large: bool,
}

/// What to do after a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Read on; a letter is being written.
    Silent,
    /// Say this.
    Reply(&'static str),
    /// Keep this letter, then answer with [`KEPT`] or [`NOT_KEPT`].
    Deliver(Delivery),
    /// Say this and hang up.
    Close(&'static str),
}

/// The first words.
pub const GREETING: &str = "220 mailbox ESMTP\r\n";
/// The letter is on the disk.
pub const KEPT: &str = "250 2.0.0 kept\r\n";
/// The letter is not on the disk.
pub const NOT_KEPT: &str = "451 4.3.0 it could not be kept\r\n";

const OK: Step = Step::Reply("250 2.0.0 ok\r\n");

impl Session {
    /// Takes one line with its end. A line without `\n` was longer than may be.
    pub fn line(&mut self, line: &[u8]) -> Step {
        if self.data.is_some() {
            return self.letter_line(line);
        }
        let step = self.command(line);
        if matches!(step, Step::Reply(text) if text.starts_with('5')) {
            self.errors += 1;
            if self.errors >= ERRORS_MAX {
                return Step::Close("421 4.7.0 too many errors\r\n");
            }
        }
        step
    }

    fn command(&mut self, line: &[u8]) -> Step {
        let text = line.strip_suffix(b"\r\n").and_then(|text| std::str::from_utf8(text).ok());
        let text = text.filter(|text| !text.chars().any(char::is_control));
        let Some(text) = text.filter(|_| line.len() <= COMMAND_MAX_BYTES) else {
            return Step::Reply("500 5.5.2 a line is text of at most 512 bytes ended by CRLF\r\n");
        };
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.greet("250-mailbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 262144\r\n")
            }
            "HELO" => self.greet("250 mailbox\r\n"),
            "MAIL" => self.mail(rest),
            "RCPT" => self.recipient(rest),
            "DATA" => self.begin_letter(),
            "RSET" => {
                self.forget();
                OK
            }
            "NOOP" => OK,
            "QUIT" => Step::Close("221 2.0.0 goodbye\r\n"),
            _ => Step::Reply("502 5.5.1 not spoken here\r\n"),
        }
    }

    fn greet(&mut self, welcome: &'static str) -> Step {
        self.forget();
        self.greeted = true;
        Step::Reply(welcome)
    }

    fn mail(&mut self, rest: &str) -> Step {
        if !self.greeted || self.from.is_some() {
            return Step::Reply("503 5.5.1 not now\r\n");
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return Step::Reply("501 5.1.7 no such sender\r\n");
        };
        let declared = parameters.split(' ').find_map(|word| {
            let (name, value) = word.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE").then(|| value.parse::<usize>().unwrap_or(usize::MAX))
        });
        if declared.is_some_and(|bytes| bytes > LETTER_MAX_BYTES) {
            return Step::Reply("552 5.3.4 too large\r\n");
        }
        self.from = Some(address.to_owned());
        OK
    }

    fn recipient(&mut self, rest: &str) -> Step {
        if self.from.is_none() {
            return Step::Reply("503 5.5.1 not now\r\n");
        }
        if self.to.len() >= RECIPIENTS_MAX {
            return Step::Reply("452 4.5.3 too many recipients\r\n");
        }
        match path(rest, "TO:") {
            Some((address, _parameters)) if address.contains('@') => {
                self.to.push(address.to_owned());
                OK
            }
            _ => Step::Reply("501 5.1.3 no such recipient\r\n"),
        }
    }

    fn begin_letter(&mut self) -> Step {
        if self.to.is_empty() {
            return Step::Reply("503 5.5.1 not now\r\n");
        }
        self.data = Some(Data::default());
        Step::Reply("354 end with a dot on a line of its own\r\n")
    }

    fn letter_line(&mut self, line: &[u8]) -> Step {
        let Some(data) = self.data.as_mut() else { return Step::Silent };
        // Only CRLF . CRLF ends a letter; a bare line feed is text, else one letter smuggles another.
        if line != b".\r\n" {
            let text = line.strip_prefix(b".").unwrap_or(line);
            let fits = line.ends_with(b"\n") && data.bytes.len() + text.len() <= LETTER_MAX_BYTES;
            if fits && !data.too_large {
                data.bytes.extend_from_slice(text);
            } else {
                data.too_large = true;
                data.bytes = Vec::new();
            }
            return Step::Silent;
        }
        let data = self.data.take().unwrap_or_default();
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if data.too_large {
            return Step::Reply("552 5.3.4 too large\r\n");
        }
        Step::Deliver(Delivery { from, to, data: data.bytes })
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

/// The address between the angles after `name`, and the parameters behind them.
fn path<'a>(rest: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (found, rest) = rest.split_at_checked(name.len())?;
    let rest = rest.trim_start().strip_prefix('<')?;
    let (address, parameters) = rest.split_once('>')?;
    let plain = address.len() <= 254 && !address.contains([' ', '<', '"']);
    (found.eq_ignore_ascii_case(name) && plain).then_some((address, parameters.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready_to_write() -> Session {
        let mut session = Session::default();
        for line in [
            "EHLO shop\r\n",
            "MAIL FROM:<shop@cloud.example>\r\n",
            "RCPT TO:<anna@home.example>\r\n",
        ] {
            assert!(
                matches!(session.line(line.as_bytes()), Step::Reply(text) if text.starts_with("250")),
                "{line}"
            );
        }
        assert!(matches!(session.line(b"DATA\r\n"), Step::Reply(text) if text.starts_with("354")));
        session
    }

    fn code(step: &Step) -> &str {
        match step {
            Step::Reply(text) | Step::Close(text) => &text[..3],
            Step::Silent | Step::Deliver(_) => "",
        }
    }

    #[test]
    fn a_letter_arrives_without_the_dots_of_smtp() {
        let mut session = ready_to_write();
        for line in ["Subject: hello\r\n", "\r\n", "..dotted\r\n"] {
            assert_eq!(session.line(line.as_bytes()), Step::Silent);
        }

        let step = session.line(b".\r\n");

        let Step::Deliver(delivery) = step else { panic!("{step:?}") };
        assert_eq!(delivery.from, "shop@cloud.example");
        assert_eq!(delivery.to, ["anna@home.example"]);
        assert_eq!(delivery.data, b"Subject: hello\r\n\r\n.dotted\r\n");
    }

    #[test]
    fn a_dot_between_bare_line_feeds_ends_nothing() {
        let mut session = ready_to_write();
        for line in [&b"text\n"[..], b".\n", b"MAIL FROM:<evil@x.example>\r\n", b".\r\n"] {
            let step = session.line(line);
            if line == b".\r\n" {
                assert!(matches!(step, Step::Deliver(_)));
            } else {
                assert_eq!(step, Step::Silent);
            }
        }
    }

    #[test]
    fn commands_out_of_order_and_garbage_are_refused() {
        let cases: [(&[&[u8]], &str); 9] = [
            (&[b"MAIL FROM:<a@b.example>\r\n"], "503"),
            (&[b"EHLO x\r\n", b"RCPT TO:<a@b.example>\r\n"], "503"),
            (&[b"EHLO x\r\n", b"DATA\r\n"], "503"),
            (&[b"EHLO x\r\n", b"MAIL FROM:a@b.example\r\n"], "501"),
            (&[b"EHLO x\r\n", b"MAIL FROM:<a@b.example> SIZE=9999999999999999999999\r\n"], "552"),
            (&[b"EHLO x\r\n", b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<nobody>\r\n"], "501"),
            (&[b"EHLO x\n"], "500"),
            (&[b"EHLO \0\r\n"], "500"),
            (&[b"AUTH PLAIN AAAA\r\n"], "502"),
        ];
        for (lines, expected) in cases {
            let mut session = Session::default();
            let last = lines.iter().map(|line| session.line(line)).last().unwrap();
            assert_eq!(code(&last), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_long_line_a_large_letter_and_many_recipients_are_refused() {
        let mut session = Session::default();
        assert_eq!(code(&session.line(&[b'A'; LINE_MAX_BYTES])), "500");

        let mut session = ready_to_write();
        let line = [&[b'x'; 998][..], b"\r\n"].concat();
        for _ in 0..=LETTER_MAX_BYTES / 1000 {
            assert_eq!(session.line(&line), Step::Silent);
        }
        assert_eq!(code(&session.line(b".\r\n")), "552");
        assert_eq!(code(&session.line(b"MAIL FROM:<a@b.example>\r\n")), "250");

        for _ in 0..RECIPIENTS_MAX {
            assert_eq!(code(&session.line(b"RCPT TO:<a@b.example>\r\n")), "250");
        }
        assert_eq!(code(&session.line(b"RCPT TO:<a@b.example>\r\n")), "452");
    }

    #[test]
    fn who_only_makes_errors_is_sent_away() {
        let mut session = Session::default();
        let last = (0..ERRORS_MAX).map(|_| session.line(b"GET / HTTP/1.1\r\n")).last().unwrap();
        assert!(matches!(last, Step::Close(_)), "{last:?}");
    }
}
