//! Sizes against the city's rules, and against what the manifest itself allows the component.

use super::{Check, CheckResult, ComponentFacts, Outcome, mib};
use crate::policy::Policy;
use serde_json::json;
use yunlong_registry::Package;

pub(super) fn check(package: &Package, component: &ComponentFacts, policy: &Policy) -> CheckResult {
    let assets: u64 = package.assets.values().map(|a| a.bytes.len() as u64).sum();
    let memory = u64::from(package.manifest.limits.memory_mib) * 1024 * 1024;
    let data = json!({
        "component": component.size,
        "assets": assets,
        "assetFiles": package.assets.len(),
        "initialMemory": component.initial_memory,
        "memoryLimit": memory,
        "maxComponent": policy.max_component,
    });
    let (size, start) = (mib(component.size), mib(component.initial_memory));
    let (outcome, text) = if component.size > policy.max_component {
        let most = mib(policy.max_component);
        (
            Outcome::Fail,
            (format!("组件 {size}，最多允许 {most}"), format!("the component has {size}, at most {most} are allowed")),
        )
    } else if component.initial_memory > memory {
        let most = mib(memory);
        (
            Outcome::Fail,
            (
                format!("组件启动时即占用内存 {start}，超过 app.toml 自己声明的 {most}：它无法启动"),
                format!(
                    "the component starts with {start} of memory, over the {most} of its own app.toml: it cannot start"
                ),
            ),
        )
    } else if component.size > policy.warn_component || assets > policy.warn_assets {
        let assets = mib(assets);
        (
            Outcome::Warn,
            (
                format!("体积较大：组件 {size}，静态文件 {assets}；获取、编译和启动会较慢"),
                format!(
                    "it is large: the component has {size}, the assets {assets}; pulling, compiling and starting take long"
                ),
            ),
        )
    } else {
        let assets = mib(assets);
        (
            Outcome::Pass,
            (
                format!("组件 {size}，静态文件 {assets}，启动内存 {start}"),
                format!("component {size}, assets {assets}, memory at the start {start}"),
            ),
        )
    };
    CheckResult::new(Check::Size, outcome, text, data)
}
