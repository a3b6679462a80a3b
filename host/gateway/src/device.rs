//! From where somebody comes, as coarsely as it helps them to recognize a session of their own: the
//! browser's and the system's name, and the network without the machine.

use http::{HeaderMap, header};
use std::net::IpAddr;
use yunlong_identity::Device;

/// Browsers by a word of their `User-Agent`; the first that stands there counts, since most name
/// others as well.
const BROWSERS: &[(&str, &str)] = &[
    ("MicroMessenger", "WeChat"),
    ("AlipayClient", "Alipay"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("HuaweiBrowser", "Huawei"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
    ("yunlong/", "yunlong"),
    ("curl", "curl"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
];

pub(crate) fn of(headers: &HeaderMap, client: IpAddr) -> Device {
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("");
    let find =
        |list: &[(&str, &'static str)]| list.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name);
    let name = [find(BROWSERS), find(SYSTEMS)].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    Device { name, network: network(client) }
}

fn network(client: IpAddr) -> String {
    match client {
        IpAddr::V4(v4) if v4.is_unspecified() => String::new(),
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => network(IpAddr::V4(v4)),
            None => {
                let [a, b, c, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}::/48")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_a_browser_a_system_and_a_network() {
        let of = |agent: &str, ip: &str| {
            let headers = HeaderMap::from_iter([(header::USER_AGENT, agent.parse().unwrap())]);
            let device = of(&headers, ip.parse().unwrap());
            (device.name, device.network)
        };
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140";
        assert_eq!(of(edge, "10.0.3.7"), ("Edge · Windows".into(), "10.0.3.0/24".into()));
        assert_eq!(of("<script>", "2001:db8:1:2::3"), (String::new(), "2001:db8:1::/48".into()));
        assert_eq!(of("curl/8", "::ffff:10.0.3.7"), ("curl".into(), "10.0.3.0/24".into()));
    }
}
