//! Sockets and name look-ups: always linked, since guests in some languages import them without
//! using them, and refused where a socket would be made. `WasiCtx` would refuse as well; here the
//! app's log says so, and no descriptor of the host is ever opened for a guest.

use crate::interceptor::Interface;
use crate::log::Stream;
use crate::state::State;
use wasmtime::StoreContextMut;
use wasmtime::component::{Accessor, HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, IpAddressFamily, Network};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket::{self, TcpSocket};
use wasmtime_wasi::p2::bindings::sockets::udp_create_socket::{self, UdpSocket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult};
use wasmtime_wasi::p3::bindings::sockets::{ip_name_lookup as ip_name_lookup_03, types as types_03};

/// Replaces what `wasmtime-wasi` links. The caller allows shadowing.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    tcp_create_socket::add_to_linker::<_, Denied<'static>>(linker, |s| Denied(s))?;
    udp_create_socket::add_to_linker::<_, Denied<'static>>(linker, |s| Denied(s))?;
    ip_name_lookup::add_to_linker::<_, Denied<'static>>(linker, |s| Denied(s))
}

/// The interface of WASI 0.3 in which sockets are made.
const TYPES_03: &str = "wasi:sockets/types@0.3.0";

/// The same for WASI 0.3: the two functions that make a socket, and look-ups.
pub(crate) fn add_to_linker_03(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Made<T> = (Result<Resource<T>, types_03::ErrorCode>,);
    let mut sockets = linker.instance(TYPES_03)?;
    sockets.func_wrap(
        "[static]tcp-socket.create",
        |mut store: StoreContextMut<'_, State>, (_,): (types_03::IpAddressFamily,)| {
            Denied(store.data_mut()).said("tcp-socket.create")?;
            Ok::<Made<types_03::TcpSocket>, wasmtime::Error>((Err(types_03::ErrorCode::AccessDenied),))
        },
    )?;
    sockets.func_wrap(
        "[static]udp-socket.create",
        |mut store: StoreContextMut<'_, State>, (_,): (types_03::IpAddressFamily,)| {
            Denied(store.data_mut()).said("udp-socket.create")?;
            Ok::<Made<types_03::UdpSocket>, wasmtime::Error>((Err(types_03::ErrorCode::AccessDenied),))
        },
    )?;
    ip_name_lookup_03::add_to_linker::<_, Denied<'static>>(linker, |s| Denied(s))
}

struct Denied<'a>(&'a mut State);

impl HasData for Denied<'static> {
    type Data<'a> = Denied<'a>;
}

impl Denied<'_> {
    fn refuse<T>(&self, function: &'static str) -> SocketResult<T> {
        self.said(function).map_err(SocketError::trap)?;
        Err(ErrorCode::AccessDenied.into())
    }

    /// Passes the interceptor, and says in the app's log why nothing comes of it.
    fn said(&self, function: &'static str) -> wasmtime::Result<()> {
        let interceptor = &self.0.interceptor;
        interceptor.call(Interface::Sockets, function).map_err(wasmtime::Error::new)?;
        let line = format!(
            "wasi:sockets {function} is refused: apps have no sockets; declare hosts under `outbound` in app.toml and use wasi:http\n"
        );
        interceptor.log.write(Stream::Err, line.as_bytes());
        Ok(())
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

impl ip_name_lookup_03::Host for Denied<'_> {}

impl<T> ip_name_lookup_03::HostWithStore<T> for Denied<'static> {
    async fn resolve_addresses(
        store: &Accessor<T, Self>,
        _: String,
    ) -> wasmtime::Result<Result<Vec<types_03::IpAddress>, ip_name_lookup_03::ErrorCode>> {
        store.with(|mut access| access.get().said("resolve-addresses"))?;
        Ok(Err(ip_name_lookup_03::ErrorCode::AccessDenied))
    }
}
