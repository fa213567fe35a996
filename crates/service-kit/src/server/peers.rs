//! How many connections come from where.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bounds the connections of one address, so that one who opens many leaves room for the others.
#[derive(Clone)]
pub(super) struct Peers {
    most: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One of an address's connections.
pub(super) struct Open {
    peers: Peers,
    network: IpAddr,
}

impl Peers {
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Counts a connection; `None` where the address has too many.
    pub(super) fn open(&self, address: IpAddr) -> Option<Open> {
        let network = network(address);
        let mut open = self.all();
        let count = open.entry(network).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Open { peers: self.clone(), network })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.peers.all();
        let Some(count) = open.get_mut(&self.network) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            open.remove(&self.network);
        }
    }
}

/// A household has a whole /64 to choose addresses from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_others_have_theirs() {
        let peers = Peers::new(2);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = peers.open(at("2001:db8::1")).unwrap();
        let _second = peers.open(at("2001:db8::2")).unwrap();

        assert!(peers.open(at("2001:db8::3")).is_none());
        assert!(peers.open(at("2001:db8:0:1::1")).is_some());
        drop(first);
        assert!(peers.open(at("2001:db8::3")).is_some());
    }

    #[test]
    fn nobody_is_remembered_who_has_gone() {
        let peers = Peers::new(2);
        drop(peers.open("10.0.0.1".parse().unwrap()));
        assert!(peers.all().is_empty());
    }
}
