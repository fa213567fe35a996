//! The sockets below the SMTP conversation.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Mailbox;
use super::smtp::{GREETING, KEPT, LINE_MAX_BYTES, NOT_KEPT, Session, Step};

const CONNECTIONS_MAX: usize = 64;
const IDLE_MAX: Duration = Duration::from_mins(1);

pub(super) async fn serve(listener: TcpListener, mailbox: Mailbox) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut conversations = JoinSet::new();
    loop {
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let mailbox = mailbox.clone();
                conversations.spawn(async move {
                    // A client that breaks off has nothing to hear.
                    let _broken_off = converse(stream, &mailbox).await;
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        while conversations.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, mailbox: &Mailbox) -> std::io::Result<()> {
    let _best_effort = stream.set_nodelay(true);
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    let (mut session, mut line) = (Session::default(), Vec::new());
    writer.write_all(GREETING.as_bytes()).await?;
    loop {
        line.clear();
        let mut bounded = (&mut reader).take(LINE_MAX_BYTES as u64);
        #[expect(clippy::disallowed_methods, reason = "a socket is read; nothing is lost with it")]
        let read = tokio::time::timeout(IDLE_MAX, bounded.read_until(b'\n', &mut line)).await;
        match read {
            Ok(Ok(0)) | Err(_) => return Ok(()),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
        }
        let reply = match session.line(&line) {
            Step::Silent => continue,
            Step::Reply(text) => text,
            Step::Close(text) => return writer.write_all(text.as_bytes()).await,
            Step::Deliver(delivery) => match mailbox.keep(delivery).await {
                Ok(_id) => KEPT,
                Err(error) => {
                    tracing::error!(error = %error, "a letter was not kept");
                    NOT_KEPT
                }
            },
        };
        writer.write_all(reply.as_bytes()).await?;
    }
}
