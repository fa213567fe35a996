//! A door with so many places behind it, and a short queue for each rank before it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, time::Instant};

use super::Rank;

/// Places that are taken by rank: the less a request matters, the sooner it finds the door shut. A place
/// that becomes free goes to whoever matters most among those who wait.
pub(super) struct Gate {
    places: usize,
    lane_max: usize,
    waiting_max: usize,
    taken: Mutex<Taken>,
}

struct Taken {
    places: usize,
    lanes: Vec<usize>,
    waiting: [VecDeque<Waiting>; 4],
}

struct Waiting {
    lane: usize,
    tell: oneshot::Sender<Permit>,
}

/// A place; dropped, it is free again.
pub(in crate::stack) struct Permit {
    gate: Arc<Gate>,
    lane: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.leave(self.lane);
    }
}

impl Gate {
    pub(super) fn new(places: usize, lanes: usize) -> Arc<Self> {
        let places = places.max(1);
        let lane_max = if lanes > 1 { (places / 2).max(1) } else { places };
        let taken = Taken { places: 0, lanes: vec![0; lanes], waiting: Default::default() };
        let waiting_max = (places / 4).max(1);
        Arc::new(Self { places, lane_max, waiting_max, taken: Mutex::new(taken) })
    }

    /// Takes a place if there is one now.
    pub(super) fn try_enter(self: &Arc<Self>, rank: Rank, lane: usize) -> Option<Permit> {
        let mut taken = self.taken();
        if !self.has_room(&taken, rank, lane) {
            return None;
        }
        taken.take(lane);
        Some(Permit { gate: Arc::clone(self), lane })
    }

    /// Takes a place, or waits for one until then. Where the queue is full nobody waits.
    pub(super) async fn enter(
        self: &Arc<Self>,
        rank: Rank,
        lane: usize,
        until: Instant,
    ) -> Option<Permit> {
        let told = {
            let mut taken = self.taken();
            if self.has_room(&taken, rank, lane) {
                taken.take(lane);
                return Some(Permit { gate: Arc::clone(self), lane });
            }
            let queue = taken.queue(rank)?;
            queue.retain(|waiting| !waiting.tell.is_closed());
            if queue.len() >= self.waiting_max {
                return None;
            }
            let (tell, told) = oneshot::channel();
            queue.push_back(Waiting { lane, tell });
            told
        };
        // A place that was given too late lies in the channel, and is free again when that is dropped.
        tokio::time::timeout_at(until, told).await.ok()?.ok()
    }

    fn leave(self: &Arc<Self>, lane: usize) {
        let next = {
            let mut taken = self.taken();
            taken.give_back(lane);
            self.next(&mut taken)
        };
        if let Some(Waiting { lane, tell }) = next {
            // Who went away in this moment gives the place on to the next, by dropping it.
            let _ = tell.send(Permit { gate: Arc::clone(self), lane });
        }
    }

    /// Takes a place for the first of those who matter most and fit.
    fn next(&self, taken: &mut Taken) -> Option<Waiting> {
        for rank in Rank::ALL {
            taken.queue(rank)?.retain(|waiting| !waiting.tell.is_closed());
            let fits = |waiting: &Waiting| self.has_room(taken, rank, waiting.lane);
            let waiting = taken.waiting.get(rank.index())?;
            if let Some(first) = waiting.iter().position(fits) {
                let next = taken.queue(rank)?.remove(first)?;
                taken.take(next.lane);
                return Some(next);
            }
        }
        None
    }

    fn has_room(&self, taken: &Taken, rank: Rank, lane: usize) -> bool {
        let most = (self.places * rank.share() / 100).max(1);
        let in_lane = taken.lanes.get(lane).copied().unwrap_or(0);
        let most_in_lane = (self.lane_max * rank.share_of_lane()).div_ceil(100);
        taken.places < most && in_lane < most_in_lane
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn take(&mut self, lane: usize) {
        self.places += 1;
        if let Some(lane) = self.lanes.get_mut(lane) {
            *lane += 1;
        }
    }

    fn give_back(&mut self, lane: usize) {
        self.places = self.places.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(lane) {
            *lane = lane.saturating_sub(1);
        }
    }

    fn queue(&mut self, rank: Rank) -> Option<&mut VecDeque<Waiting>> {
        self.waiting.get_mut(rank.index())
    }
}

impl Rank {
    const fn index(self) -> usize {
        self as usize - 1
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;

    fn fill(gate: &Arc<Gate>, rank: Rank) -> Vec<Permit> {
        std::iter::from_fn(|| gate.try_enter(rank, 0)).collect()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    #[test]
    fn the_less_it_matters_the_sooner_there_is_no_room_and_a_fifth_is_kept() {
        let gate = Gate::new(100, 1);
        let counts = [Rank::Report, Rank::Look, Rank::Deed, Rank::Begun].map(|rank| {
            let permits = fill(&gate, rank);
            let count = permits.len();
            std::mem::forget(permits);
            count
        });
        assert_eq!(counts, [40, 20, 20, 20]);
    }

    #[test]
    fn no_lane_takes_more_than_half() {
        let gate = Gate::new(100, 2);
        let first = fill(&gate, Rank::Begun);
        assert_eq!(first.len(), 50);
        assert!(gate.try_enter(Rank::Begun, 1).is_some());
        drop(first);
        assert!(gate.try_enter(Rank::Begun, 0).is_some());
    }

    #[test]
    fn looking_leaves_a_part_of_its_lane_to_doing() {
        let gate = Gate::new(100, 2);
        let looks = fill(&gate, Rank::Look);
        assert_eq!((looks.len(), fill(&gate, Rank::Deed).len()), (40, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_goes_to_whoever_matters_most_and_came_first() {
        let gate = Gate::new(1, 1);
        let place = gate.try_enter(Rank::Begun, 0).unwrap();
        let mut look = Box::pin(gate.enter(Rank::Look, 0, soon()));
        assert!(look.as_mut().now_or_never().is_none());
        let mut begun = Box::pin(gate.enter(Rank::Begun, 0, soon()));
        assert!(begun.as_mut().now_or_never().is_none());

        drop(place);

        assert!(look.as_mut().now_or_never().is_none());
        let place = begun.await.unwrap();
        drop(place);
        assert!(look.await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_longer_than_agreed_and_no_place_is_lost() {
        let gate = Gate::new(4, 1);
        let places = fill(&gate, Rank::Begun);
        let began = Instant::now();

        assert!(gate.enter(Rank::Begun, 0, soon()).await.is_none());
        assert_eq!(began.elapsed(), Duration::from_millis(50));

        let mut gone = Box::pin(gate.enter(Rank::Begun, 0, soon()));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(places);
        drop(gone);
        assert_eq!(fill(&gate, Rank::Begun).len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_full_turns_away_at_once() {
        let gate = Gate::new(4, 1);
        let _places = fill(&gate, Rank::Begun);
        let mut first = Box::pin(gate.enter(Rank::Look, 0, soon()));
        assert!(first.as_mut().now_or_never().is_none());

        assert!(gate.enter(Rank::Look, 0, soon()).now_or_never().unwrap().is_none());

        assert!(first.await.is_none());
    }
}
