//! Failed sign-ins are counted, for each account and for each client, in memory.

use crate::GatewayConfig;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use yunlong_model::Timestamp;

/// Allows `limit` failures in a minute for each key, refilling evenly.
///
/// A try takes a token before the work begins, so that many at once cannot pass together; one that
/// succeeds gives it back.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    limit: u32,
    buckets: Mutex<HashMap<K, Bucket>>,
}

/// Failed sign-ins at one door, the portal's or the registry's.
#[derive(Debug)]
pub struct SignInThrottle {
    by_account: Throttle<String>,
    pub(crate) by_client: Throttle<IpAddr>,
}

/// A sign-in that is under way. It counts as failed unless it is given back.
#[derive(Debug)]
pub struct SignInTry<'a> {
    throttle: &'a SignInThrottle,
    account: Option<String>,
    client: IpAddr,
}

impl SignInThrottle {
    /// With the limits that the operator set.
    #[must_use]
    pub fn new(config: &GatewayConfig) -> Self {
        Self {
            by_account: Throttle::new(config.sign_in_failures_per_account),
            by_client: Throttle::new(config.sign_in_failures_per_client),
        }
    }

    /// Takes a try before the password is looked at.
    ///
    /// # Errors
    /// The seconds after which there is one again: too many have failed for this account or from this client.
    pub(crate) fn begin(&self, account: &str, client: IpAddr, now: Timestamp) -> Result<SignInTry<'_>, u32> {
        let mut begun = self.begin_from(client, now)?;
        let account: String = account.chars().take(100).collect();
        self.by_account.take(account.clone(), now)?;
        begun.account = Some(account);
        Ok(begun)
    }

    /// The same by the client alone: where an account signs in many times at once, as those who push do, what is
    /// under way is no sign of guessing. Identity locks an account by itself.
    ///
    /// # Errors
    /// The seconds after which there is a try again: too many have failed from this client.
    pub fn begin_from(&self, client: IpAddr, now: Timestamp) -> Result<SignInTry<'_>, u32> {
        let client = client_key(client);
        self.by_client.take(client, now)?;
        Ok(SignInTry { throttle: self, account: None, client })
    }
}

impl SignInTry<'_> {
    /// It was no wrong guess: it does not count.
    pub fn give_back(self) {
        self.throttle.by_client.give_back(&self.client);
        if let Some(account) = &self.account {
            self.throttle.by_account.give_back(account);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a try that are left.
    left: i64,
    at: Timestamp,
}

/// Keys that are held before idle ones are swept out, so that an attacker who invents accounts
/// cannot fill the memory.
const MAX_KEYS: usize = 100_000;

impl<K: Eq + Hash> Throttle<K> {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, buckets: Mutex::new(HashMap::new()) }
    }

    fn full(&self) -> i64 {
        i64::from(self.limit) * 1000
    }

    /// Takes a try; otherwise the seconds after which there is one again.
    pub(crate) fn take(&self, key: K, now: Timestamp) -> Result<(), u32> {
        let full = self.full();
        let mut buckets = self.buckets.lock();
        if buckets.len() >= MAX_KEYS {
            buckets.retain(|_, b| refilled(*b, full, self.limit, now) < full);
            if buckets.len() >= MAX_KEYS {
                return Err(60);
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { left: full, at: now });
        bucket.left = refilled(*bucket, full, self.limit, now);
        bucket.at = now;
        if bucket.left < 1000 {
            let millis = (1000 - bucket.left) * 60 / i64::from(self.limit.max(1));
            return Err(u32::try_from(millis / 1000 + 1).unwrap_or(60));
        }
        bucket.left -= 1000;
        Ok(())
    }

    /// Gives a try back.
    pub(crate) fn give_back(&self, key: &K) {
        let full = self.full();
        if let Some(b) = self.buckets.lock().get_mut(key) {
            b.left = (b.left + 1000).min(full);
        }
    }
}

fn refilled(b: Bucket, full: i64, limit: u32, now: Timestamp) -> i64 {
    let passed = (now.0 - b.at.0).clamp(0, 60_000);
    (b.left + passed * i64::from(limit) / 60).min(full)
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, of which anybody has 2^64 addresses.
pub(crate) fn client_key(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_the_try_after_the_limit_and_says_when_to_come_back() {
        let t = Throttle::new(3);
        for _ in 0..3 {
            assert_eq!(t.take("a", Timestamp(0)), Ok(()));
        }
        assert_eq!(t.take("a", Timestamp(0)), Err(21));
        assert_eq!(t.take("b", Timestamp(0)), Ok(()));
        assert_eq!(t.take("a", Timestamp(20_000)), Ok(()));
        assert!(t.take("a", Timestamp(20_000)).is_err());
    }

    #[test]
    fn a_success_does_not_count() {
        let t = Throttle::new(1);
        for _ in 0..50 {
            assert_eq!(t.take("a", Timestamp(0)), Ok(()));
            t.give_back(&"a");
        }
    }

    #[test]
    fn guesses_count_for_their_account_and_for_where_they_come_from() {
        let config =
            GatewayConfig { sign_in_failures_per_account: 3, sign_in_failures_per_client: 5, ..Default::default() };
        let (door, now) = (SignInThrottle::new(&config), Timestamp(0));
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse::<IpAddr>().unwrap());
        for _ in 0..50 {
            door.begin("a", here, now).unwrap().give_back();
        }
        for _ in 0..3 {
            door.begin("a", here, now).unwrap();
        }
        assert!(door.begin("a", there, now).is_err(), "the account, wherever from");
        door.begin("b", here, now).unwrap();
        door.begin("c", here, now).unwrap();
        assert!(door.begin("d", here, now).is_err(), "the client, whatever account");
        assert!(door.begin_from(here, now).is_err(), "at this door, too");
        assert!(door.begin("d", there, now).is_ok());
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let t = Throttle::new(1);
        assert_eq!(t.take("a", Timestamp(100_000)), Ok(()));
        assert!(t.take("a", Timestamp(0)).is_err());
    }

    #[test]
    fn ipv6_neighbours_are_one_client() {
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        assert_eq!(client_key(ip("2001:db8::1")), client_key(ip("2001:db8::2:3:4:5")));
        assert_ne!(client_key(ip("2001:db8::1")), client_key(ip("2001:db8:0:1::1")));
        assert_eq!(client_key(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
    }
}
