//! `city:app/context`: where the instance runs.

use super::bindings::city::app::{context as wit, outcome};
use super::bindings::city::messaging::types;
use crate::interceptor::Interface;
use crate::state::State;

impl wit::Host for State {
    async fn current(&mut self) -> wasmtime::Result<wit::Installation> {
        self.interceptor.call(Interface::Context, "current")?;
        let i = &self.invocation.installation;
        Ok(wit::Installation {
            name: i.name.to_string(),
            app: i.app.to_string(),
            version: i.version.to_string(),
            organization: i.organization.clone(),
            organization_name: i.organization_name.clone(),
            origin: self.services.origins.app(&i.name),
            portal: self.services.origins.portal(),
        })
    }

    async fn request_id(&mut self) -> wasmtime::Result<String> {
        self.interceptor.call(Interface::Context, "request-id")?;
        Ok(self.interceptor.request_id.clone())
    }

    async fn config(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.interceptor.call(Interface::Context, "config")?;
        // Defaults are in it.
        Ok(self.invocation.installation.config.get(&key).map(ToString::to_string))
    }

    async fn derive_key(&mut self, purpose: String, n: u32) -> wasmtime::Result<Vec<u8>> {
        self.interceptor.call(Interface::Context, "derive-key")?;
        Ok(self.key.derive(&purpose, n as usize))
    }
}

// Interfaces of types alone.
impl outcome::Host for State {}
impl types::Host for State {}
