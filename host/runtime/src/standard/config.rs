//! `wasi:config`: the installation's configuration, defaults included, as text. The drafts differ in
//! their names alone.

use crate::interceptor::Interface;
use crate::journal::{Turn, answered};
use crate::state::State;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wasmtime::component::{HasSelf, Linker};

/// One draft: its bindings, and the two functions of its interface.
macro_rules! draft {
    ($module:ident, $folder:literal, $import:literal, $($interface:ident)::+, $error:ident) => {
        mod $module {
            #[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
            pub(super) mod bindings {
                wasmtime::component::bindgen!({
                    inline: $import,
                    world: "yunlong:config/host",
                    path: [$folder],
                    imports: { default: trappable },
                });
            }

            pub(super) use bindings::$($interface)::+ as wit;

            impl wit::Host for crate::state::State {
                fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, wit::$error>> {
                    self.setting(&key).map(Ok)
                }

                fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, wit::$error>> {
                    self.settings().map(Ok)
                }
            }
        }
    };
}

draft!(
    draft,
    "../../wit/deps/config-draft",
    "package yunlong:config; world host { import wasi:config/store@0.2.0-draft; }",
    wasi::config::store,
    Error
);
draft!(
    runtime,
    "../../wit/deps/config-draft",
    "package yunlong:config; world host { import wasi:config/runtime@0.2.0-draft; }",
    wasi::config::runtime,
    ConfigError
);
draft!(
    draft_2024_09_27,
    "../../wit/deps/config-draft-2024-09-27",
    "package yunlong:config; world host { import wasi:config/store@0.2.0-draft-2024-09-27; }",
    wasi::config::store,
    Error
);
draft!(
    rc1,
    "../../wit/deps/config-rc1",
    "package yunlong:config; world host { import wasi:config/store@0.2.0-rc.1; }",
    wasi::config::store,
    Error
);

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type S = HasSelf<State>;
    draft::wit::add_to_linker::<_, S>(linker, |s| s)?;
    runtime::wit::add_to_linker::<_, S>(linker, |s| s)?;
    draft_2024_09_27::wit::add_to_linker::<_, S>(linker, |s| s)?;
    rc1::wit::add_to_linker::<_, S>(linker, |s| s)
}

impl State {
    fn setting(&self, key: &str) -> wasmtime::Result<Option<String>> {
        self.told("get", json!([key]), || self.invocation.installation.config.get(key).map(text))
    }

    fn settings(&self) -> wasmtime::Result<Vec<(String, String)>> {
        let all =
            || self.invocation.installation.config.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        self.told("get-all", json!([]), all)
    }

    /// Passes the interceptor and the journal.
    fn told<T: Serialize + DeserializeOwned>(
        &self,
        function: &'static str,
        args: Value,
        tell: impl FnOnce() -> T,
    ) -> wasmtime::Result<T> {
        let turn = self.interceptor.turn(Interface::Config, function, || args)?;
        if let Turn::Play(answer) = turn {
            return answered(answer);
        }
        let told = self.interceptor.call(Interface::Config, function).map(|()| tell());
        self.interceptor.took(&turn, told.as_ref().map_err(|e| e as &dyn std::fmt::Display));
        Ok(told?)
    }
}

/// Text as it is, anything else as JSON: the interface knows strings alone.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
