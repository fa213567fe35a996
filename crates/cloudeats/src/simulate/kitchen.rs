//! The staff at a store's board: they accept, prepare, finish and hand over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use common::types::{OrderId, Text, TicketId};
use futures::StreamExt;
use orders_contract::http::{Fulfilment, Order, SetStatus, Ticket, Tickets};
use tokio::time::Instant;

use crate::api::{Answer, Call, Person};
use crate::history::Op;

use super::world::{Operation, Shop, World};

/// How often the board is looked at.
const LOOK: Duration = Duration::from_millis(750);
/// Pages of the board that are read at most.
const PAGES_MAX: usize = 20;
/// Tickets that are worked on at once.
const HANDS: usize = 6;
/// Seconds until a customer comes to collect.
const COLLECTED_AFTER_S: f64 = 40.0;

/// When something is due.
#[derive(Debug, Default)]
struct Timers(HashMap<(TicketId, &'static str), Instant>);

impl Timers {
    /// Whether a time has passed since a ticket was first seen like this.
    fn is_due(&mut self, ticket: TicketId, what: &'static str, after: Duration) -> bool {
        let now = Instant::now();
        now >= *self.0.entry((ticket, what)).or_insert(now + after)
    }

    fn forget_all_but(&mut self, tickets: &[Ticket]) {
        self.0.retain(|(id, _), _| tickets.iter().any(|ticket| ticket.ticket_id == *id));
    }
}

/// What is to be done with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Accept,
    Prepare,
    Finish,
    HandOver,
}

/// Works at a store's board until everybody goes home.
pub(super) async fn run(world: Arc<World>, store: usize) {
    let Some(store) = world.stores.get(store) else { return };
    let mut timers = Timers::default();
    let mut turn = 0;
    loop {
        if let Err(error) = round(&world, store, &mut timers, &mut turn).await {
            tracing::debug!(error = format!("{error:#}"), store = store.seed.slug, "a bad round");
            world.tally.troubles.add();
        }
        if world.pause(LOOK).await.is_none() {
            return;
        }
    }
}

async fn round(
    world: &World,
    store: &Shop,
    timers: &mut Timers,
    turn: &mut usize,
) -> anyhow::Result<()> {
    let mut next = || {
        *turn += 1;
        store.cooks.get(*turn % store.cooks.len().max(1)).context("nobody works here")
    };
    let tickets = board(store, &mut next).await?;
    timers.forget_all_but(&tickets);
    let mut deeds = Vec::new();
    for ticket in &tickets {
        if let Some(deed) = deed(world, ticket, timers) {
            deeds.push((ticket, deed, next()?));
        }
    }
    futures::stream::iter(deeds)
        .for_each_concurrent(HANDS, async |(ticket, deed, cook)| {
            if let Err(error) = act(world, cook, ticket, deed).await {
                tracing::debug!(error = format!("{error:#}"), ?deed, "a ticket stays");
                world.tally.troubles.add();
            }
        })
        .await;
    Ok(())
}

async fn board<'a>(
    store: &Shop,
    next: &mut impl FnMut() -> anyhow::Result<&'a Person>,
) -> anyhow::Result<Vec<Ticket>> {
    let first = format!("/v1/kitchen/tickets?store_id={}&limit=100", store.id);
    let (mut path, mut tickets) = (first.clone(), Vec::new());
    for _page in 0..PAGES_MAX {
        let page: Tickets = next()?.ask(&Call::get(path)).await?.expect_ok("no board")?.json()?;
        tickets.extend(page.tickets);
        match page.next_cursor {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => break,
        }
    }
    Ok(tickets)
}

fn deed(world: &World, ticket: &Ticket, timers: &mut Timers) -> Option<Deed> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of preparation")]
    let prep_s = ticket.prep_s as f64;
    let mut due = |what, after_s| timers.is_due(ticket.ticket_id, what, world.shortened(after_s));
    match (ticket.state.as_str(), ticket.fulfilment) {
        ("WAITING", _) => Some(Deed::Accept),
        ("ACCEPTED", _) => Some(Deed::Prepare),
        ("PREPARING", _) => due("made", prep_s).then_some(Deed::Finish),
        ("READY", Fulfilment::Pickup) => {
            due("collected", COLLECTED_AFTER_S).then_some(Deed::HandOver)
        }
        _ => None,
    }
}

async fn act(world: &World, cook: &Person, ticket: &Ticket, deed: Deed) -> anyhow::Result<()> {
    let path = format!("/v1/kitchen/tickets/{}", ticket.ticket_id);
    let set = |word| -> anyhow::Result<Call> {
        let status = SetStatus { status: Text::new(word)? };
        Ok(Call::put(format!("{path}/status"), &status)?.if_match(ticket.version))
    };
    let answer = match deed {
        Deed::Accept => {
            cook.ask(&Call::post(format!("{path}/accept"), &serde_json::json!({}))?).await?
        }
        Deed::Prepare => cook.ask(&set("preparing")?).await?,
        Deed::Finish => cook.ask(&set("ready")?).await?,
        Deed::HandOver => return hand_over(world, cook, ticket.order_id).await,
    };
    fine(answer, "the ticket does not move")
}

async fn hand_over(world: &World, cook: &Person, order: OrderId) -> anyhow::Result<()> {
    let found = cook.ask(&Call::get(format!("/v1/orders/{order}"))).await?;
    let found: Order = found.expect_ok("no order")?.json()?;
    let path = format!("/v1/orders/{order}/complete");
    let call = Call::put(path, &serde_json::json!({}))?.if_match(found.version);
    let complete = Operation { op: Op::Complete, call: &call, key: None, order: Some(order) };
    match world.surely(cook, complete).await? {
        Some(answer) => fine(answer, "the order is not handed over"),
        None => Ok(()),
    }
}

/// Somebody else may have been faster, or the customer may have cancelled: the board will tell.
fn fine(answer: Answer, what: &str) -> anyhow::Result<()> {
    if matches!(answer.status, 404 | 409 | 412) {
        return Ok(());
    }
    answer.expect_ok(what).map(|_done| ())
}
