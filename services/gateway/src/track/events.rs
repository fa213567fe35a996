//! Server-sent events, taken apart into whole blocks (WHATWG HTML, 9.2.6).

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use serde::{Deserialize, de::DeserializeOwned};

/// A block that is longer was not written by us.
const BLOCK_MAX: usize = 64 * 1024;

/// The blocks of a stream, each with the empty line that ends it. Ends where the stream ends or breaks.
pub(crate) struct Blocks<S> {
    stream: Pin<Box<S>>,
    unread: BytesMut,
    searched: usize,
}

impl<S, E> Blocks<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    pub(crate) fn of(stream: S) -> Self {
        Self { stream: Box::pin(stream), unread: BytesMut::new(), searched: 0 }
    }

    /// The next block that is more than a comment.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            while let Some(block) = self.whole() {
                if !block.starts_with(b":") && block.len() > 2 {
                    return Some(block);
                }
            }
            if self.unread.len() > BLOCK_MAX {
                return None;
            }
            let more = self.stream.next().await?.ok()?;
            self.unread.extend(more.iter().filter(|byte| **byte != b'\r'));
        }
    }

    fn whole(&mut self) -> Option<Bytes> {
        let from = self.searched.saturating_sub(1);
        let end = self.unread.get(from..)?.windows(2).position(|pair| pair == b"\n\n");
        let Some(end) = end else {
            self.searched = self.unread.len();
            return None;
        };
        self.searched = 0;
        Some(self.unread.split_to(from + end + 2).freeze())
    }
}

/// What a block carries, where it is JSON of this shape.
pub(crate) fn data<T: DeserializeOwned>(block: &[u8]) -> Option<T> {
    let data = block.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:"))?;
    serde_json::from_slice(data).ok()
}

/// Whether a block says that the order has ended.
pub(super) fn says_ended(block: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Ending {
        #[serde(default)]
        ended: bool,
    }
    data(block).is_some_and(|ending: Ending| ending.ended)
}

/// A block without its id: only steps are replayed after `Last-Event-ID`.
pub(super) fn without_id(block: &Bytes) -> Bytes {
    let lines = block.split_inclusive(|byte| *byte == b'\n');
    let mut kept = BytesMut::with_capacity(block.len());
    lines.filter(|line| !line.starts_with(b"id")).for_each(|line| kept.extend_from_slice(line));
    kept.freeze()
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    async fn blocks(chunks: &[&'static str]) -> Vec<String> {
        let chunks = chunks.iter().map(|chunk| Ok::<_, ()>(Bytes::from_static(chunk.as_bytes())));
        let mut blocks = Blocks::of(stream::iter(chunks.collect::<Vec<_>>()));
        let mut read = Vec::new();
        while let Some(block) = blocks.next().await {
            read.push(String::from_utf8(block.to_vec()).unwrap());
        }
        read
    }

    #[tokio::test]
    async fn blocks_are_whole_however_they_arrive() {
        let whole = ["id: 1\ndata: a\n\n", "id: 2\ndata: b\n\n"];
        assert_eq!(blocks(&["id: 1\ndata: a\n\nid: 2\ndata: b\n\n"]).await, whole);
        assert_eq!(
            blocks(&["id: 1\nda", "ta: a\n", "\nid: 2\r\ndata: b\r\n", "\r\n"]).await,
            whole
        );
        assert_eq!(blocks(&[": beat\n\n", "id: 1\ndata: a\n\n", "half of"]).await, whole[..1]);
    }

    #[test]
    fn an_end_is_what_the_data_says_it_is() {
        assert!(says_ended(b"event: state\nid: 9\ndata: {\"seq\":9,\"ended\":true}\n\n"));
        assert!(!says_ended(b"event: state\nid: 8\ndata: {\"seq\":8,\"ended\":false}\n\n"));
        assert!(!says_ended(b"data: {\"cause\":\"\\\"ended\\\":true\"}\n\n"));
        assert!(!says_ended(b"data: nonsense\n\n"));
    }

    #[test]
    fn positions_have_no_id() {
        let block = Bytes::from_static(b"event: position\nid: 7\ndata: {\"id\":1}\n\n");
        assert_eq!(without_id(&block), "event: position\ndata: {\"id\":1}\n\n");
    }
}
