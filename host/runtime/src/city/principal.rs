//! `city:identity/principal`: who asks.

use super::bindings::city::identity::principal as wit;
use crate::interceptor::Interface;
use crate::state::State;
use yunlong_installations::Capability;
use yunlong_model::{Assurance, Kind, Lang};

impl wit::Host for State {
    async fn current(&mut self) -> wasmtime::Result<wit::Principal> {
        self.interceptor.call(Interface::Principal, "current")?;
        self.interceptor.require("identity", |c| matches!(c, Capability::Identity))?;
        let p = &self.invocation.principal;
        Ok(wit::Principal {
            subject: p.subject.clone(),
            kind: match p.kind {
                Kind::Anonymous => wit::Kind::Anonymous,
                Kind::Citizen => wit::Kind::Citizen,
                Kind::Representative => wit::Kind::Representative,
                Kind::Official => wit::Kind::Official,
                Kind::Service => wit::Kind::Service,
            },
            assurance: match p.assurance {
                Assurance::None => wit::Assurance::None,
                Assurance::Password => wit::Assurance::Password,
                Assurance::MultiFactor => wit::Assurance::MultiFactor,
            },
            roles: p.roles.clone(),
            organization: p.organization.clone(),
        })
    }

    async fn preferred(&mut self) -> wasmtime::Result<wit::Presentation> {
        self.interceptor.call(Interface::Principal, "preferred")?;
        let p = self.invocation.presentation;
        let language = match p.lang {
            Lang::Zh => "zh",
            Lang::En => "en",
        };
        Ok(wit::Presentation { language: language.into(), elder_mode: p.elder })
    }

    async fn sign_in_url(&mut self, return_path: String) -> wasmtime::Result<String> {
        self.interceptor.call(Interface::Principal, "sign-in-url")?;
        Ok(self.services.origins.sign_on(&self.invocation.installation.name, &return_path))
    }

    async fn step_up_url(&mut self, return_path: String) -> wasmtime::Result<String> {
        self.interceptor.call(Interface::Principal, "step-up-url")?;
        Ok(self.services.origins.step_up(&self.invocation.installation.name, &return_path))
    }
}
