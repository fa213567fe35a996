//! Where a chunked body ends (RFC 9112, 7.1).

use crate::config::HEADER_MAX;

/// How far a chunked body has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunks {
    at: At,
    /// Bytes of extensions and trailers so far: they are read by nobody, and bounded like a header.
    idle: usize,
}

#[derive(Debug, Clone, Copy)]
enum At {
    Size {
        size: u64,
        digits: u32,
    },
    Extension {
        size: u64,
    },
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// In the trailers; whether the line has anything in it.
    Trailer {
        empty: bool,
    },
    TrailerEnd {
        empty: bool,
    },
}

/// This is no chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

const DIGITS_MAX: u32 = 15;

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { at: At::Size { size: 0, digits: 0 }, idle: 0 }
    }

    /// Reads on: how many of `bytes` belong to this body, and whether it ends there.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(usize, bool), Broken> {
        let mut read = 0;
        while let Some(byte) = bytes.get(read) {
            if let At::Data { left } = self.at {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - read);
                let left = left - here as u64;
                self.at = if left == 0 { At::DataCr } else { At::Data { left } };
                read += here;
                continue;
            }
            read += 1;
            if self.step(*byte)? {
                return Ok((read, true));
            }
        }
        Ok((read, false))
    }

    fn step(&mut self, byte: u8) -> Result<bool, Broken> {
        self.at = match (self.at, byte) {
            (At::Size { digits: 1.., size } | At::Extension { size }, b'\r') => {
                At::SizeEnd { size }
            }
            (At::Size { digits: 1.., size }, b';' | b' ' | b'\t') => At::Extension { size },
            (At::Size { size, digits }, _) => {
                let digit = char::from(byte).to_digit(16).filter(|_| digits < DIGITS_MAX);
                At::Size { size: size * 16 + u64::from(digit.ok_or(Broken)?), digits: digits + 1 }
            }
            (At::Extension { size }, _) if is_text(byte) => self.idly(At::Extension { size })?,
            (At::SizeEnd { size: 0 } | At::TrailerEnd { empty: false }, b'\n') => {
                At::Trailer { empty: true }
            }
            (At::SizeEnd { size }, b'\n') => At::Data { left: size },
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size { size: 0, digits: 0 },
            (At::Trailer { empty }, b'\r') => At::TrailerEnd { empty },
            (At::Trailer { .. }, _) if is_text(byte) => self.idly(At::Trailer { empty: false })?,
            (At::TrailerEnd { empty: true }, b'\n') => return Ok(true),
            _ => return Err(Broken),
        };
        Ok(false)
    }

    fn idly(&mut self, at: At) -> Result<At, Broken> {
        self.idle += 1;
        if self.idle > HEADER_MAX { Err(Broken) } else { Ok(at) }
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(body: &str) -> Result<(usize, bool), Broken> {
        Chunks::new().read(body.as_bytes())
    }

    #[test]
    fn a_body_ends_after_its_last_chunk() {
        for body in [
            "0\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "A;x=y\r\n0123456789\r\n00\r\nx-trailer: 1\r\n\r\n",
        ] {
            let next = format!("{body}GET / HTTP/1.1\r\n\r\n");
            assert_eq!(whole(&next), Ok((body.len(), true)), "{body:?}");
        }
        assert_eq!(whole("3\r\nab"), Ok((5, false)));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for body in [
            "\r\n",
            "x\r\n",
            "+3\r\nabc\r\n",
            "0x3\r\nabc\r\n",
            "3\nabc\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n",
            "3;x\ny\r\nabc\r\n",
            "0\r\nx: 1\n\r\n",
            "1234567890abcdef0\r\n",
        ] {
            assert_eq!(whole(body), Err(Broken), "{body:?}");
        }
        let endless = format!("0\r\n{}", "x".repeat(HEADER_MAX + 1));
        assert_eq!(whole(&endless), Err(Broken));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_arrive(
            sizes in prop::collection::vec(1_usize..40, 0..5),
            cut in 1_usize..20,
        ) {
            let chunk = |size: &usize| format!("{size:x}\r\n{}\r\n", "a".repeat(*size));
            let body: String = sizes.iter().map(chunk).chain(["0\r\n\r\n".to_owned()]).collect();
            let mut chunks = Chunks::new();
            let mut ended = false;
            for piece in body.as_bytes().chunks(cut) {
                prop_assert!(!ended);
                let (read, end) = chunks.read(piece).unwrap();
                prop_assert_eq!(read, piece.len());
                ended = end;
            }
            prop_assert!(ended);
        }

        #[test]
        fn nothing_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Chunks::new().read(&body);
        }
    }
}
