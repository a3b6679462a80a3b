//! Ports to listen on.

use crate::refusal::{Refusal, both};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Listens; `option` is the one that chooses another port.
///
/// # Errors
/// One that is taken, or that this user may not have, with what to do.
pub(crate) async fn listen(at: SocketAddr, option: &str) -> Result<TcpListener, Refusal> {
    TcpListener::bind(at).await.map_err(|e| refused(at, option, &e))
}

fn refused(at: SocketAddr, option: &str, e: &std::io::Error) -> Refusal {
    let port = at.port();
    if e.kind() == std::io::ErrorKind::AddrInUse {
        return Refusal {
            problem: both(
                format!("端口 {port} 已被占用：{at} 无法监听"),
                format!("port {port} is taken: {at} cannot be listened on"),
            ),
            next: both(
                format!(
                    "请停止占用它的程序（例如另一个终端里的 yunlong dev 或 yunlong serve，按 Ctrl-C），或用 {option} 换一个端口"
                ),
                format!(
                    "stop what has it, such as a `yunlong dev` or `yunlong serve` in another terminal (Ctrl-C), or choose another {option}"
                ),
            ),
        };
    }
    Refusal {
        problem: both(format!("{at} 无法监听：{e}"), format!("{at} cannot be listened on: {e}")),
        next: both(
            format!("请用 {option} 换一个端口，或检查监听地址"),
            format!("choose another {option}, or look at the address"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_says_what_may_have_it_and_which_option_chooses_another() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = taken.local_addr().unwrap();
        let refusal = listen(at, "--port").await.unwrap_err();
        assert!(refusal.problem.en.contains(&at.port().to_string()), "{refusal}");
        for text in [&refusal.next.zh, &refusal.next.en] {
            assert!(text.contains("yunlong dev") && text.contains("--port"), "{text}");
        }
        drop(taken);
        listen(at, "--port").await.unwrap();
    }
}
