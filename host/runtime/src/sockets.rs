//! Sockets and name look-ups: always linked, since guests in some languages import them without
//! using them, and refused where a socket would be made. `WasiCtx` would refuse as well; here the
//! app's log says so, and no descriptor of the host is ever opened for a guest.

use crate::interceptor::Interface;
use crate::log::Stream;
use crate::state::State;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, IpAddressFamily, Network};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket::{self, TcpSocket};
use wasmtime_wasi::p2::bindings::sockets::udp_create_socket::{self, UdpSocket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult};

/// Replaces what `wasmtime-wasi` links. The caller allows shadowing.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    tcp_create_socket::add_to_linker::<_, Denied<'static>>(linker, |s| Denied(s))?;
    udp_create_socket::add_to_linker::<_, Denied<'static>>(linker, |s| Denied(s))?;
    ip_name_lookup::add_to_linker::<_, Denied<'static>>(linker, |s| Denied(s))
}

struct Denied<'a>(&'a mut State);

impl HasData for Denied<'static> {
    type Data<'a> = Denied<'a>;
}

impl Denied<'_> {
    fn refuse<T>(&self, function: &'static str) -> SocketResult<T> {
        let interceptor = &self.0.interceptor;
        interceptor.call(Interface::Sockets, function).map_err(|s| SocketError::trap(wasmtime::Error::new(s)))?;
        let line = format!(
            "wasi:sockets {function} is refused: apps have no sockets; declare hosts under `outbound` in app.toml and use wasi:http\n"
        );
        interceptor.log.write(Stream::Err, line.as_bytes());
        Err(ErrorCode::AccessDenied.into())
    }
}

impl network::Host for Denied<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(&mut self, _: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(None)
    }
}

impl network::HostNetwork for Denied<'_> {
    fn drop(&mut self, _: Resource<Network>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl tcp_create_socket::Host for Denied<'_> {
    fn create_tcp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        self.refuse("create-tcp-socket")
    }
}

impl udp_create_socket::Host for Denied<'_> {
    async fn create_udp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.refuse("create-udp-socket")
    }
}

impl ip_name_lookup::Host for Denied<'_> {
    fn resolve_addresses(&mut self, _: Resource<Network>, _: String) -> SocketResult<Resource<ResolveAddressStream>> {
        self.refuse("resolve-addresses")
    }
}

/// None of these streams is ever made.
impl ip_name_lookup::HostResolveAddressStream for Denied<'_> {
    fn resolve_next_address(&mut self, _: Resource<ResolveAddressStream>) -> SocketResult<Option<IpAddress>> {
        self.refuse("resolve-next-address")
    }

    fn subscribe(&mut self, _: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        Err(wasmtime::Error::msg("there is no such stream"))
    }

    fn drop(&mut self, _: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        Ok(())
    }
}
