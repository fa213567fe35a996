//! Inventory, payment and fleet: they do what a line asks for, and sometimes forget to say so.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use turmoil::net::{TcpListener, TcpStream};

use super::Shared;
use crate::domain::{Call, Heard};

pub(super) const PORT: u16 = 80;
/// A caller waits so long for an answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// Answers until the host crashes.
pub(super) async fn serve(shared: Shared) -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let shared = shared.clone();
        tokio::task::spawn_local(async move {
            let _broken_off = answer(shared, stream).await;
        });
    }
}

/// `which call generation` is answered by `done` or `refused why`.
async fn answer(shared: Shared, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut words = line.split_whitespace();
    let asked = (|| {
        let which: usize = words.next()?.parse().ok()?;
        Some((which, Call::parse(words.next()?)?, words.next()?.parse::<i32>().ok()?))
    })();
    let Some((which, call, generation)) = asked else { return Ok(()) };
    // Before and after the work there is time to crash in.
    tokio::time::sleep(shared.up_to(60)).await;
    let willing = shared.roll() < 0.85;
    let answer = shared.database.borrow_mut().world(which).ask(call, generation, willing);
    tokio::time::sleep(shared.up_to(60)).await;
    if shared.in_trouble(0.1) {
        return Ok(());
    }
    let text = match answer {
        Heard::Done => "done\n".to_owned(),
        Heard::Refused(why) => format!("refused {why}\n"),
    };
    stream.get_mut().write_all(text.as_bytes()).await
}

/// Asks; `None`: nobody knows what came of it.
#[expect(clippy::disallowed_methods, reason = "drops a wait, as a client does")]
pub(super) async fn ask(which: usize, call: Call, generation: i32) -> Option<Heard> {
    let service = match call {
        Call::Reserve | Call::Ship | Call::Release => "inventory",
        Call::Authorize | Call::Capture | Call::Void => "payment",
        Call::Deliver | Call::Recall => "fleet",
    };
    let asking = async move {
        let mut stream = BufReader::new(TcpStream::connect((service, PORT)).await?);
        let line = format!("{which} {} {generation}\n", call.name());
        stream.get_mut().write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await.ok()?.ok()?;
    match answer.trim().split_once(' ') {
        Some(("refused", why)) => Some(Heard::Refused(why.to_owned())),
        None if answer.trim() == "done" => Some(Heard::Done),
        _ => None,
    }
}
