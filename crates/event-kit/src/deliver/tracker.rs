//! How far each partition has been applied, although its events end in any order.

use std::collections::{BTreeSet, HashMap};

use crate::{Delivery, Mark};

/// Where an event was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) topic: String,
    pub(super) part: u16,
    pub(super) lease: i64,
    pub(super) offset: i64,
}

/// The partitions that are being read.
#[derive(Debug, Default)]
pub(super) struct Tracker(HashMap<(String, u16), Progress>);

#[derive(Debug, Default)]
struct Progress {
    lease: i64,
    open: BTreeSet<i64>,
    /// One past the last offset that was read.
    read: i64,
    committed: i64,
}

impl Progress {
    fn next(&self) -> i64 {
        self.open.first().copied().unwrap_or(self.read)
    }
}

impl Place {
    pub(super) fn of(delivery: &Delivery) -> Self {
        Self {
            topic: delivery.record.topic.clone(),
            part: delivery.record.part,
            lease: delivery.lease,
            offset: delivery.offset,
        }
    }
}

impl Tracker {
    /// An event was read. Under a new lease the partition begins anew.
    pub(super) fn begin(&mut self, delivery: &Delivery) {
        let key = (delivery.record.topic.clone(), delivery.record.part);
        let progress = self.0.entry(key).or_default();
        if progress.lease != delivery.lease {
            *progress = Progress { lease: delivery.lease, ..Progress::default() };
        }
        progress.open.insert(delivery.offset);
        progress.read = progress.read.max(delivery.offset + 1);
    }

    /// An event needs nothing more.
    pub(super) fn done(&mut self, place: &Place) {
        if let Some(progress) = self.0.get_mut(&(place.topic.clone(), place.part))
            && progress.lease == place.lease
        {
            progress.open.remove(&place.offset);
        }
    }

    /// What can be committed and was not.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let ahead = self.0.iter().filter(|(_, progress)| progress.next() > progress.committed);
        ahead
            .map(|((topic, part), progress)| Mark {
                topic: topic.clone(),
                part: *part,
                lease: progress.lease,
                next: progress.next(),
            })
            .collect()
    }

    pub(super) fn committed(&mut self, mark: &Mark) {
        if let Some(progress) = self.of_mark(mark) {
            progress.committed = mark.next;
        }
    }

    /// The partition is another's.
    pub(super) fn forget(&mut self, mark: &Mark) {
        if self.of_mark(mark).is_some() {
            self.0.remove(&(mark.topic.clone(), mark.part));
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn of_mark(&mut self, mark: &Mark) -> Option<&mut Progress> {
        let progress = self.0.get_mut(&(mark.topic.clone(), mark.part))?;
        (progress.lease == mark.lease).then_some(progress)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Headers, Record};

    fn read(lease: i64, offset: i64) -> Delivery {
        let (topic, key) = ("t".to_owned(), "k".to_owned());
        let headers = Headers::new();
        let record = Record { topic, part: 3, id: Uuid::nil(), key, headers, body: Vec::new() };
        Delivery { record, offset, lease }
    }

    fn next(tracker: &Tracker) -> Vec<i64> {
        tracker.marks().iter().map(|mark| mark.next).collect()
    }

    #[test]
    fn nothing_is_committed_past_an_event_that_is_not_applied() {
        let mut tracker = Tracker::default();
        let events: Vec<_> = (7..10).map(|offset| read(1, offset)).collect();
        for event in &events {
            tracker.begin(event);
        }

        tracker.done(&Place::of(&events[2]));
        assert_eq!(next(&tracker), [7]);
        tracker.done(&Place::of(&events[0]));
        assert_eq!(next(&tracker), [8]);
        tracker.done(&Place::of(&events[1]));
        assert_eq!(next(&tracker), [10]);

        let mark = tracker.marks().remove(0);
        tracker.committed(&mark);
        assert_eq!(next(&tracker), [0_i64; 0]);
    }

    #[test]
    fn what_was_read_under_a_former_lease_moves_nothing() {
        let mut tracker = Tracker::default();
        let (old, new) = (read(1, 5), read(2, 3));
        tracker.begin(&old);
        tracker.begin(&new);

        tracker.done(&Place::of(&old));
        assert_eq!(next(&tracker), [3]);
        tracker.forget(&Mark { topic: "t".to_owned(), part: 3, lease: 1, next: 6 });
        assert_eq!(next(&tracker), [3]);
    }
}
