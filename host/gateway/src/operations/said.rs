//! What the runtime says went wrong, in both languages: its own words are for logs.

use super::OperationError;
use yunlong_installations::Why;
use yunlong_model::Text;
use yunlong_runtime::{InvocationError, LoadError, Shortage};

/// Why a call did not end as it should. What an app says of itself is in its own words.
pub(crate) fn invocation(e: &InvocationError) -> Text {
    use InvocationError as E;
    let zh = match e {
        E::NotLoaded(name) => format!("“{name}”没有载入"),
        E::NotExported(what) => format!("组件没有导出 {what}"),
        E::Trap(why) => format!("应用异常中止（{why}）"),
        E::Deadline { limit_ms } => format!("应用运行超过 {limit_ms} 毫秒"),
        E::Cpu { limit_ms } => format!("应用占用 CPU 超过 {limit_ms} 毫秒"),
        E::Memory { limit_mib } => format!("应用所需内存超过 {limit_mib} MiB"),
        E::ResponseTooLarge { limit_kib } => format!("应用的应答超过 {limit_kib} KiB"),
        E::HostCalls { limit } => format!("应用调用平台超过 {limit} 次"),
        E::NotGranted(what) => format!("没有批准这项权限：{what}"),
        E::NoResponse(why) => format!("应用没有给出有效的应答（{why}）"),
        E::Overloaded(Shortage::Instances { waited_ms }) => format!("{waited_ms} 毫秒内没有空闲的实例"),
        E::Overloaded(Shortage::Memory) => "各实例共用的内存已用完".into(),
        E::BadRequest(why) => format!("请求无法交给应用（{why}）"),
        E::Refused(says) => format!("应用拒绝：{says}"),
        E::Internal(why) => format!("平台故障（{why}）"),
    };
    Text { zh, en: e.to_string() }
}

/// Why a component is not loaded. The compiler's own words are English, and say where.
pub(crate) fn load(e: &LoadError) -> Text {
    let zh = match e {
        LoadError::Inspect(e) => format!("不是可用的组件（{e}）"),
        LoadError::Refused(e) => format!("接口“{}”不被接受（{}）", e.name, e.why),
        LoadError::Compile(e) => format!("组件无法编译（{e}）"),
        LoadError::Digest { expected, found } => format!("组件的摘要是 {found}，安装的却是 {expected}"),
        LoadError::Link(why) => format!("组件与平台的接口不相符（{why}）"),
    };
    Text { zh, en: e.to_string() }
}

impl OperationError {
    /// The same as a reason that is kept.
    pub(super) fn why(&self) -> Why {
        Why::Refused { says: self.text() }
    }
}

/// What a call says, as a reason that is kept.
pub(super) fn ill(e: &InvocationError) -> Why {
    Why::Refused { says: invocation(e) }
}
