//! Ports and names.

use super::Check;
use crate::backup::control;
use crate::options::origins;
use crate::settings::Settings;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;

pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    let running = settings.data().is_ok_and(|data| UnixStream::connect(control::socket(data)).is_ok());
    let mut out = vec![port("public port", settings.public_address(), running, "listen.port")];
    if let Ok(admin) = settings.admin_address() {
        out.push(port("admin port", admin, running, "listen.admin_port"));
        if !admin.ip().is_loopback() {
            out.push(Check::advice(
                "admin listener",
                format!("{admin} is not on loopback"),
                "let a firewall keep everybody but the operators' collectors away from it",
            ));
        }
    }
    if let Some(registry) = settings.registry.listener() {
        out.push(port("registry port", registry, running, "registry.port"));
    }
    out.extend(names(settings));
    out
}

fn port(what: &'static str, address: SocketAddr, running: bool, setting: &str) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(what, format!("{address} is free")),
        Err(_) if running => Check::ok(what, format!("{address} is used, by the server that runs on this data folder")),
        Err(e) => {
            Check::wrong(what, format!("{address} cannot be listened on: {e}"), format!("choose another {setting}"))
        }
    }
}

/// The portal, the console and any app: the apps need a wildcard.
fn names(settings: &Settings) -> Option<Check> {
    let origins = origins(settings.origin.as_deref(), "localhost", settings.listen.port).ok()?;
    let domain = origins.domain();
    if domain == "localhost" || domain.ends_with(".localhost") {
        return Some(Check::ok("names", format!("browsers resolve names under {domain} by themselves")));
    }
    let names = [domain.to_owned(), format!("console.{domain}"), format!("an-app.{domain}")];
    let unknown: Vec<String> =
        names.into_iter().filter(|name| (name.as_str(), 443).to_socket_addrs().is_err()).collect();
    Some(if unknown.is_empty() {
        Check::ok("names", format!("{domain} and names below it resolve"))
    } else {
        Check::advice(
            "names",
            format!("{} cannot be resolved from here", unknown.join(", ")),
            format!("enter {domain} and *.{domain} in the DNS, with a certificate for both"),
        )
    })
}
