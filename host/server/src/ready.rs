//! `yunlong ready`: for health checks where there is no HTTP client.

use crate::options::Common;
use crate::refusal::{Refusal, both};
use anyhow::{Context, Result};
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
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|e| Refusal {
        problem: both(format!("{address} 上没有平台在运行：{e}"), format!("nobody listens on {address}: {e}")),
        next: both(
            "请启动平台，或用 -o listen.admin_port=端口 指出它的管理端口",
            "start the platform, or name its admin port with -o listen.admin_port=PORT",
        ),
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    print!("{body}");
    if head.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    Err(Refusal {
        problem: both("平台还没有就绪", "not ready"),
        next: both(
            "上面写明在等什么；刚启动时请稍候再试，其余的由 yunlong doctor 说明怎样处理",
            "what it waits for is said above: ask again in a moment after a start, otherwise see `yunlong doctor`",
        ),
    }
    .into())
}
