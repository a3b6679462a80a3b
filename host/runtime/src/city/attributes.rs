//! `city:identity/attributes`: what a person lets this app know about them.

use super::bindings::city::identity::attributes::{self as wit, Error};
use crate::interceptor::Interface;
use crate::state::State;
use yunlong_identity::AttributeError;
use yunlong_installations::Capability;
use yunlong_model::manifest::{Attribute, Scope};

impl wit::Host for State {
    async fn get(&mut self, attribute: wit::Attribute) -> wasmtime::Result<Result<String, Error>> {
        self.interceptor.call(Interface::Attributes, "get")?;
        let (attribute, name) = match attribute {
            wit::Attribute::RealName => (Attribute::RealName, "real-name"),
            wit::Attribute::ResidentId => (Attribute::ResidentId, "resident-id"),
            wit::Attribute::Mobile => (Attribute::Mobile, "mobile"),
            wit::Attribute::BirthDate => (Attribute::BirthDate, "birth-date"),
        };
        let Some(account) = &self.invocation.principal.account else { return Ok(Err(Error::NotSignedIn)) };
        let installation = &self.invocation.installation;
        let granted: Vec<Scope> = installation
            .manifest
            .scopes
            .iter()
            .filter(|s| self.interceptor.granted(|c| matches!(c, Capability::Attributes(scope) if *scope == s.name)))
            .cloned()
            .collect();
        Ok(self.services.identity.attribute(&installation.name, &granted, account, attribute).await.map_err(
            |e| match e {
                AttributeError::ConsentRequired(scope) => Error::ConsentRequired(scope),
                AttributeError::NotGranted => Error::NotGranted(name.into()),
                AttributeError::Absent => Error::Absent,
                AttributeError::Identity(e) => Error::Other(e.to_string()),
            },
        ))
    }

    async fn consent_url(&mut self, scopes: Vec<String>, return_path: String) -> wasmtime::Result<String> {
        self.interceptor.call(Interface::Attributes, "consent-url")?;
        Ok(self.services.origins.consent(&self.invocation.installation.name, &scopes, &return_path))
    }
}
