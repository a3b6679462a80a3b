//! What an operator can set, with defaults that say why.

use http::HeaderName;
use std::time::Duration;

/// What a demo city tells of itself: whoever tries what they wrote acts as its people, one after the other, by the
/// same API and with the same rights as in a city that serves people. None of it is a secret.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DemoCity {
    /// The password of each of its accounts.
    pub password: String,
    /// The account that enrolls vendors' keys and installs.
    pub administrator: String,
    /// The account that reviews.
    pub reviewer: String,
    /// The account that publishes, of the vendor's organization.
    pub developer: String,
    /// That organization's unified social credit code.
    pub vendor_organization: String,
    /// The division whose apps the administrator installs.
    pub organization: String,
}

/// Limits of the gateway.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The largest request body in bytes. A form with a photograph goes through the files service,
    /// not through here; 1 MiB is much for JSON and forms.
    pub body_limit: usize,
    /// The largest package that the console takes, in bytes; the form around it comes on top. An
    /// interpreter compiled to wasm is about 30 MiB.
    pub package_limit: usize,
    /// The longest path and query in bytes. Browsers and proxies agree on 8 KiB at least (RFC 9110
    /// section 4.1 recommends 8,000).
    pub uri_limit: usize,
    /// The largest header section in bytes, names and values.
    pub header_limit: usize,
    /// The most header fields.
    pub header_count: usize,
    /// How long a client may take for its body.
    pub read_timeout: Duration,
    /// How long a client may take for a file that it uploads: a package, a copy of advisories. What
    /// pauses for [`Self::idle_timeout`] is given up before.
    pub upload_timeout: Duration,
    /// How long one of the platform's own pages may take. Guests have deadlines of their own,
    /// which the runtime holds.
    pub page_timeout: Duration,
    /// How long what an official does at the console may take: installing compiles, at most five
    /// minutes, and removing waits for calls to end. It goes on when whoever asked goes away. The time
    /// that a file took to arrive comes on top.
    pub operation_timeout: Duration,
    /// How long a request waits for an app whose data is made ready for a new version, before it is
    /// told to come again.
    pub hold_timeout: Duration,
    /// How long a new version is watched, and the one before stands by.
    pub trial: Duration,
    /// How long a connection may stay without a whole header section: idle, or dripping one in. An
    /// upload may pause as long.
    pub idle_timeout: Duration,
    /// The most connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// The header in which the load balancer writes the client's address, such as
    /// `x-forwarded-for`; its last address counts, which the balancer itself has seen. `None` when
    /// clients connect directly: then nobody may choose an address by a header.
    pub client_header: Option<HeaderName>,
    /// Failed sign-ins for one account in a minute. Identity locks an account after five; this
    /// keeps the password function from being run at all.
    pub sign_in_failures_per_account: u32,
    /// Failed sign-ins from one client address (IPv6: /64) in a minute. An office shares an
    /// address, so it is generous; successes do not count.
    pub sign_in_failures_per_client: u32,
    /// Whether citizens may open an account themselves. What they say of themselves is checked for
    /// its form alone, so it is off unless the city decides otherwise.
    pub self_registration: bool,
    /// The outside providers with which people may sign in.
    pub providers: Vec<crate::OutsideProvider>,
    /// How long open requests may take to end when the server is to stop, before they are cut off.
    pub drain: Duration,
    /// What is answered at `/api/v1/demo`, where the city is the demo; nothing of the kind is there in any other.
    pub demo: Option<DemoCity>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            // What the registry takes: a package that it would read is not refused at the door.
            package_limit: 96 * 1024 * 1024,
            uri_limit: 8 * 1024,
            header_limit: 32 * 1024,
            header_count: 100,
            read_timeout: Duration::from_secs(15),
            // An interpreter of 30 MiB over a line of half a megabit a second.
            upload_timeout: Duration::from_secs(600),
            page_timeout: Duration::from_secs(30),
            operation_timeout: Duration::from_secs(420),
            hold_timeout: Duration::from_secs(25),
            // Long enough for what people do rarely to be met, short enough that the former version
            // still fits the data.
            trial: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(30),
            connections: 10_000,
            client_header: None,
            sign_in_failures_per_account: 10,
            sign_in_failures_per_client: 120,
            self_registration: false,
            providers: Vec::new(),
            drain: Duration::from_secs(3),
            demo: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_the_registry_reads_is_not_refused_at_the_door() {
        assert!(GatewayConfig::default().package_limit as u64 >= yunlong_registry::Limits::default().total);
    }
}
