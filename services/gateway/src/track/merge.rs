//! The merging of an order's steps with positions and heartbeats.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use super::events::{says_ended, without_id};

const BEAT: Duration = Duration::from_secs(15);
/// How long browsers are asked to wait before they come back.
const OPENING: Bytes = Bytes::from_static(b"retry: 2000\n\n");
const HEARTBEAT: Bytes = Bytes::from_static(b": here\n\n");

/// What a source tells.
enum Told {
    Step(Bytes),
    Position(Bytes),
    Beat,
    /// The steps have ended or broken off; who wants more comes again with `Last-Event-ID`.
    End,
}

/// Merges steps with positions. It ends with the steps, whatever the positions do.
pub(crate) fn merged(
    steps: impl Stream<Item = Bytes> + Send + 'static,
    positions: impl Stream<Item = Bytes> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let steps = steps.flat_map(|block| {
        let end = says_ended(&block).then_some(Told::End);
        stream::iter([Some(Told::Step(block)), end].into_iter().flatten())
    });
    let steps = steps.chain(stream::iter([Told::End]));
    let positions = positions.map(Told::Position);
    let beats = stream::unfold((), async |()| {
        tokio::time::sleep(BEAT).await;
        Some((Told::Beat, ()))
    });
    let rest = stream::select(positions, beats);
    let told = stream::select(steps, rest).scan((), |(), told| {
        let block = match told {
            Told::Step(block) => Some(block),
            Told::Position(block) => Some(without_id(&block)),
            Told::Beat => Some(HEARTBEAT),
            Told::End => None,
        };
        std::future::ready(block)
    });
    stream::iter([OPENING]).chain(told).map(Ok)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_stream_ends_with_the_order_and_beats_until_then() {
        let steps = stream::unfold(1, async |seq: u32| {
            tokio::time::sleep(Duration::from_secs(20)).await;
            let block = format!("event: state\nid: {seq}\ndata: {{\"ended\":{}}}\n\n", seq == 2);
            Some((Bytes::from(block), seq + 1))
        });
        let positions = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(9)).await;
            Some((Bytes::from_static(b"event: position\nid: 4\ndata: {}\n\n"), ()))
        });

        let told: Vec<Bytes> = merged(steps, positions).map(Result::unwrap).collect().await;

        let text = String::from_utf8(told.concat()).unwrap();
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.starts_with("data") && !line.is_empty()).collect();
        let expected = [
            "retry: 2000",
            "event: position",
            ": here",
            "event: position",
            "event: state",
            "id: 1",
            "event: position",
            ": here",
            "event: position",
            "event: state",
            "id: 2",
        ];
        assert_eq!(lines, expected);
    }
}
