//! `yunlong ready`: for health checks where there is no HTTP client.

use crate::options::Common;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3);

/// `yunlong ready`.
#[derive(Args, Debug)]
pub(crate) struct Ready {
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(options: &Ready) -> Result<()> {
    let mut address = options.common.settings(Vec::new())?.admin_address()?;
    if address.ip().is_unspecified() {
        let here = if address.is_ipv4() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) };
        address = SocketAddr::new(here, address.port());
    }
    let mut stream =
        TcpStream::connect_timeout(&address, PATIENCE).with_context(|| format!("nobody listens on {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    print!("{body}");
    if head.starts_with("HTTP/1.1 200") { Ok(()) } else { bail!("not ready") }
}
