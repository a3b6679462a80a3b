//! How many transfers each client has under way.

use crate::error::OciError;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Counts the transfers of each client.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    most: usize,
    counts: Arc<Mutex<HashMap<String, usize>>>,
}

/// One transfer, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    clients: Clients,
    client: String,
}

impl Clients {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, counts: Arc::default() }
    }

    pub(super) fn enter(&self, client: String) -> Result<Seat, OciError> {
        let mut counts = self.counts.lock();
        let count = counts.entry(client.clone()).or_default();
        if *count >= self.most {
            return Err(OciError::TooMany(5));
        }
        *count += 1;
        Ok(Seat { clients: self.clone(), client })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.clients.counts.lock();
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, of which anybody has 2^64 addresses.
pub(super) fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_places_and_gets_them_back() {
        let clients = Clients::new(2);
        let one = clients.enter("a".into()).unwrap();
        let _two = clients.enter("a".into()).unwrap();
        assert_eq!(clients.enter("a".into()).unwrap_err(), OciError::TooMany(5));
        assert!(clients.enter("b".into()).is_ok(), "another client has places of its own");
        drop(one);
        assert!(clients.enter("a".into()).is_ok());
    }
}
