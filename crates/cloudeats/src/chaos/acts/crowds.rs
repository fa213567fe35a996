//! F3 and F13: many who connect and do nothing, and many who come back at the same moment.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures::future::join_all;
use nix::sys::signal::Signal;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::api::{Api, Call, within};
use crate::chaos::act::{Landed, ms};
use crate::chaos::rig::Rig;
use crate::ports::Door;
use crate::seed::stores::STORES;
use crate::site::CHECKER;

const IDLE: usize = 500;
const IDLE_FOR: Duration = Duration::from_secs(5);
/// With fewer, there was no storm.
const IDLE_MIN: usize = 400;
const COMING_BACK: usize = 500;
const OUTAGE: Duration = Duration::from_secs(15);
const TRY: Duration = Duration::from_secs(2);
/// All of them wait alike: the worst that clients can do.
const PAUSE: Duration = Duration::from_millis(500);
const BACK_MAX: Duration = Duration::from_mins(1);

/// Opens idle connections to the gateway and sessions in the database, and leaves them alone.
pub(in crate::chaos) async fn idle(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let port = rig.site().ports.of(Door::Gateway);
    let doors = (0..IDLE).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
    let doors: Vec<TcpStream> = join_all(doors).await.into_iter().flatten().collect();
    let url = rig.site().database_url("orders", CHECKER)?;
    let sessions = (0..IDLE).map(|_| PgConnection::connect(url.expose_secret()));
    let sessions = join_all(sessions).await;
    let refused = sessions.iter().filter(|session| session.is_err()).count();
    tokio::time::sleep(IDLE_FOR).await;
    let held = doors.len();
    Ok((held >= IDLE_MIN).then(|| {
        let let_in = IDLE - refused;
        format!("{held} idle at the gateway; {let_in} let into the database, {refused} refused")
    }))
}

/// Stops the gateway; its clients all try again at the same moments until each has an answer.
pub(in crate::chaos) async fn return_at_once(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let gateway = rig.process("gateway")?;
    gateway.send(Signal::SIGSTOP)?;
    let begun = Instant::now();
    let api = Api::new(rig.site().http_url(Door::Gateway))?;
    let [store, ..] = &STORES;
    let call = Call::get(format!("/v1/stores/{}", store.id()));
    let clients = (0..COMING_BACK).map(async |_| {
        while begun.elapsed() < OUTAGE + BACK_MAX {
            let answer = within(TRY, api.send(&call, None)).await;
            if answer.is_some_and(|it| it.is_ok_and(|answer| answer.is_ok())) {
                return Some(begun.elapsed());
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    });
    let waking = async {
        tokio::time::sleep(OUTAGE).await;
        gateway.send(Signal::SIGCONT)
    };
    let (served, woken) = futures::future::join(join_all(clients), waking).await;
    woken?;
    let missing = served.iter().filter(|after| after.is_none()).count();
    anyhow::ensure!(missing == 0, "{missing} clients were not served after {}", ms(BACK_MAX));
    let last = served.into_iter().flatten().max().unwrap_or_default();
    let late = ms(last.saturating_sub(OUTAGE));
    Ok(Some(format!("{COMING_BACK} clients, the last one served {late} after the outage")))
}
