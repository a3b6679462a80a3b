//! `city:identity/representation`: for whom the principal acts.

use super::bindings::city::identity::representation as wit;
use crate::interceptor::Interface;
use crate::state::State;
use yunlong_installations::Capability;
use yunlong_model::Grantor;

impl wit::Host for State {
    async fn acting_for(&mut self) -> wasmtime::Result<Option<wit::Grantor>> {
        self.interceptor.call(Interface::Representation, "acting-for")?;
        self.interceptor.require("identity", |c| matches!(c, Capability::Identity))?;
        let Some(acting) = &self.invocation.principal.acting_for else { return Ok(None) };
        let (kind, code, name) = match &acting.grantor {
            Grantor::Person => (wit::GrantorKind::Person, None, None),
            Grantor::Company { code, name } => (wit::GrantorKind::Company, Some(code.clone()), Some(name.clone())),
        };
        let (subject, mandate) = (acting.subject.clone(), acting.mandate.clone());
        Ok(Some(wit::Grantor { subject, kind, code, name, mandate }))
    }
}
