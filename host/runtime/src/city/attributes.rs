//! `city:identity/attributes`: what a person lets this app know about them.

use super::bindings::city::identity::attributes::{self as wit, Error};
use super::shared::asker;
use crate::interceptor::Interface;
use crate::state::State;
use yunlong_hub::{Denial, ReadError};
use yunlong_installations::Capability;
use yunlong_model::manifest::{Attribute, Scope};

impl From<ReadError> for Error {
    fn from(e: ReadError) -> Self {
        match e {
            ReadError::Denied(Denial::NotSignedIn) => Self::NotSignedIn,
            ReadError::Denied(Denial::Consent(scope)) => Self::ConsentRequired(scope),
            ReadError::Denied(Denial::NotGranted(attribute)) => Self::NotGranted(attribute),
            ReadError::NotFound => Self::Absent,
            other => Self::Other(other.to_string()),
        }
    }
}

impl wit::Host for State {
    async fn get(&mut self, attribute: wit::Attribute) -> wasmtime::Result<Result<String, Error>> {
        if let Err(why) = self.interceptor.fallible(Interface::Attributes, "get")? {
            return Ok(Err(Error::Other(why)));
        }
        let attribute = match attribute {
            wit::Attribute::RealName => Attribute::RealName,
            wit::Attribute::ResidentId => Attribute::ResidentId,
            wit::Attribute::Mobile => Attribute::Mobile,
            wit::Attribute::BirthDate => Attribute::BirthDate,
        };
        let granted: Vec<Scope> = self
            .invocation
            .installation
            .manifest
            .scopes
            .iter()
            .filter(|s| self.interceptor.granted(|c| matches!(c, Capability::Attributes(scope) if *scope == s.name)))
            .cloned()
            .collect();
        let services = &*self.services;
        let caller = match asker(services, &self.interceptor, &self.invocation).await {
            Ok(caller) => caller,
            Err(e) => return Ok(Err(e.into())),
        };
        // The hub writes it down before it answers.
        Ok(services.hub.attribute(&caller, &granted, attribute).await.map_err(Into::into))
    }

    async fn consent_url(&mut self, scopes: Vec<String>, return_path: String) -> wasmtime::Result<String> {
        self.interceptor.call(Interface::Attributes, "consent-url")?;
        Ok(self.services.origins.consent(&self.invocation.installation.name, &scopes, &return_path))
    }
}
