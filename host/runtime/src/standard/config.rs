//! `wasi:config`: the installation's configuration, defaults included, as text. The drafts differ in
//! their names alone.

use crate::interceptor::Interface;
use crate::state::State;
use serde_json::Value;
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
        self.interceptor.call(Interface::Config, "get")?;
        Ok(self.invocation.installation.config.get(key).map(text))
    }

    fn settings(&self) -> wasmtime::Result<Vec<(String, String)>> {
        self.interceptor.call(Interface::Config, "get-all")?;
        Ok(self.invocation.installation.config.iter().map(|(key, value)| (key.clone(), text(value))).collect())
    }
}

/// Text as it is, anything else as JSON: the interface knows strings alone.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
