//! What a probe says about a run, for people and for programs.

use crate::report::{Entry, Figures, Ran, Report, Stopped, Unloaded};
use serde_json::{Value, json};
use yunlong_model::Text;
use yunlong_model::manifest::Limits;
use yunlong_publications::checks::{Measured, Outcome, ProbeKind};
use yunlong_runtime::{CompileError, InvocationError, LoadError};

/// So many percent of a limit are remarked: a city's data, or a slower machine, may take the rest.
const NEAR: u64 = 80;
/// Findings that a text tells; the data has them all.
const TOLD: usize = 3;

/// What a probe says.
pub(crate) fn measured(kind: ProbeKind, ran: &Ran) -> Measured {
    match ran {
        Ran::Called(report) => called(kind, report),
        Ran::Refused(unloaded) => refused(unloaded),
    }
}

/// One of the figures that a probe is about.
struct Measure {
    /// With its unit, as it stands in the data and, but for memory and answers, in `app.toml`.
    key: &'static str,
    zh: &'static str,
    en: &'static str,
    of: fn(&Figures) -> u64,
    limit: u64,
    show: fn(u64) -> String,
}

fn measures(kind: ProbeKind, limits: &Limits) -> Vec<Measure> {
    let ms = |n: u64| format!("{n} ms");
    let times = |n: u64| n.to_string();
    match kind {
        ProbeKind::Loop => vec![
            Measure {
                key: "cpu_ms",
                zh: "CPU 时间",
                en: "CPU time",
                of: |f| f.cpu_ms,
                limit: limits.cpu_ms.into(),
                show: ms,
            },
            Measure {
                key: "wall_ms",
                zh: "时长",
                en: "wall time",
                of: |f| f.wall_ms,
                limit: limits.wall_ms.into(),
                show: ms,
            },
            Measure {
                key: "host_calls",
                zh: "主机调用",
                en: "host calls",
                of: |f| f.host_calls,
                limit: limits.host_calls.into(),
                show: times,
            },
        ],
        ProbeKind::Memory => {
            let limit = u64::from(limits.memory_mib) << 20;
            vec![Measure { key: "memory_bytes", zh: "内存", en: "memory", of: |f| f.memory_bytes, limit, show: size }]
        }
        ProbeKind::OversizeAnswer => {
            let limit = u64::from(limits.response_kib) << 10;
            vec![Measure {
                key: "answered_bytes",
                zh: "回应",
                en: "answer",
                of: |f| f.answered_bytes,
                limit,
                show: size,
            }]
        }
        // Not by running anything.
        ProbeKind::SeparateConsent | ProbeKind::Scenarios => Vec::new(),
    }
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 {
        return format!("{} KiB", bytes.div_ceil(1 << 10));
    }
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

fn called(kind: ProbeKind, report: &Report) -> Measured {
    let measures = measures(kind, &report.limits);
    let own = report.entries.iter().filter_map(|e| Some((e, e.stopped.as_ref().filter(|s| s.kind == kind)?)));
    let mut fails: Vec<Text> = own.map(|(entry, stopped)| stop(entry, stopped)).collect();
    if kind == ProbeKind::Loop {
        fails.extend(report.entries.iter().filter(|e| e.unknown()).map(|e| unknown(e, report)));
    }
    let remarks = remarks(kind, report, &measures);
    let (outcome, text) = match (fails.is_empty(), remarks.is_empty()) {
        (false, _) => (Outcome::Fail, join(&fails)),
        (true, false) => (Outcome::Warn, join(&remarks)),
        (true, true) => (Outcome::Pass, passed(report, &measures)),
    };
    Measured { outcome, text, data: data(kind, report, &measures) }
}

/// A call that had to be stopped.
fn stop(entry: &Entry, stopped: &Stopped) -> Text {
    let took = &stopped.took;
    let (zh, en) = match &stopped.error {
        InvocationError::Cpu { limit_ms } => (
            format!("用去 {} ms CPU 时间后被停止，上限 {limit_ms} ms（cpu_ms）", took.cpu_ms),
            format!("stopped after {} ms of CPU time, the limit is {limit_ms} ms (`cpu_ms`)", took.cpu_ms),
        ),
        InvocationError::Deadline { limit_ms } => (
            format!("运行 {} ms 后被停止，上限 {limit_ms} ms（wall_ms）", took.wall_ms),
            format!("stopped after {} ms, the limit is {limit_ms} ms (`wall_ms`)", took.wall_ms),
        ),
        InvocationError::HostCalls { limit } => (
            format!("主机调用 {} 次后被停止，上限 {limit} 次（host_calls）", took.host_calls),
            format!("stopped after {} host calls, the limit is {limit} (`host_calls`)", took.host_calls),
        ),
        InvocationError::Memory { limit_mib } => (
            format!("占用 {} 后仍要更多内存，上限 {limit_mib} MiB（memory_mib）", size(took.memory_bytes)),
            format!(
                "wanted more memory than the limit of {limit_mib} MiB (`memory_mib`), having {}",
                size(took.memory_bytes)
            ),
        ),
        InvocationError::ResponseTooLarge { limit_kib } => (
            format!("回应超过上限 {limit_kib} KiB（response_kib），已被截断"),
            format!("its answer passed the limit of {limit_kib} KiB (`response_kib`) and was cut off"),
        ),
        other => (format!("被停止：{other}"), format!("stopped: {other}")),
    };
    about(entry, Some(&stopped.with), zh, &en)
}

fn about(entry: &Entry, with: Option<&Text>, zh: impl std::fmt::Display, en: &str) -> Text {
    let name = &entry.name;
    match with {
        Some(with) => {
            Text { zh: format!("{name}（{}）：{zh}", with.zh), en: format!("`{name}` ({}): {en}", with.en) }
        }
        None => Text { zh: format!("{name}：{zh}"), en: format!("`{name}`: {en}") },
    }
}

fn unknown(entry: &Entry, report: &Report) -> Text {
    let budget = report.budget_ms;
    match entry.cut_ms {
        Some(ms) => about(
            entry,
            None,
            format!("探测的总时限 {budget} ms 已到，它运行了 {ms} ms 仍未结束"),
            &format!("it had not ended after {ms} ms, when the probes' whole time of {budget} ms was over"),
        ),
        None => about(
            entry,
            None,
            format!("其他入口用完了探测的总时限 {budget} ms，没有调用到"),
            &format!("not called, since others took the probes' whole time of {budget} ms"),
        ),
    }
}

/// What a person has to look at, although nothing was stopped.
fn remarks(kind: ProbeKind, report: &Report, measures: &[Measure]) -> Vec<Text> {
    let mut all = Vec::new();
    for m in measures {
        let Some(entry) = report.highest(m.of) else { continue };
        let most = (m.of)(&entry.most);
        if most.saturating_mul(100) > m.limit.saturating_mul(NEAR) {
            let (shown, limit) = ((m.show)(most), (m.show)(m.limit));
            let zh = format!("{}达到 {shown}，接近上限 {limit}", m.zh);
            all.push(about(entry, None, zh, &format!("{} of {shown}, near the limit of {limit}", m.en)));
        }
    }
    let endless = report.entries.iter().filter(|e| e.endless && kind == ProbeKind::Loop);
    all.extend(endless.map(|e| {
        about(e, None, "几乎没有数据，迁移却一批接一批没有结束", "went on batch after batch over next to no data")
    }));
    if let Some(entry) = report.entries.iter().find(|e| e.stopped.as_ref().is_some_and(|s| s.kind != kind)) {
        let en = "stopped at another limit, so that this cannot be told of it";
        all.push(about(entry, None, "因其他上限被停止，这一项无法判断", en));
    }
    if report.is_partial() {
        let count = |of: fn(&Entry) -> u32| report.entries.iter().map(of).sum::<u32>();
        let (stopped, late) = (count(|e| e.left_out), count(|e| e.late));
        all.push(Text {
            zh: format!("有调用没有进行：{stopped} 次因之前被停止，{late} 次因总时限 {} ms 已到", report.budget_ms),
            en: format!(
                "calls were not made: {stopped} since some had to be stopped before, {late} since the time of {} ms was over",
                report.budget_ms
            ),
        });
    }
    if !report.configured && kind == ProbeKind::Loop {
        all.push(Text {
            zh: "必填的设置没有默认值，也无法自动填写，因此是在未设置的状态下探测的：请在 [config] 中给出 default 或 examples".into(),
            en: "probed without a configuration, since required settings have no default and none could be made up: give `default` or `examples` in [config]".into(),
        });
    }
    all
}

fn passed(report: &Report, measures: &[Measure]) -> Text {
    let (entries, calls) = (report.entries.len(), report.calls());
    let mut zh = format!("{entries} 个入口共调用 {calls} 次，都在上限之内自行结束");
    let mut en =
        format!("{entries} entry points were called {calls} times, and each call ended by itself within the limits");
    for m in measures {
        let Some(entry) = report.highest(m.of) else { continue };
        let (most, limit) = ((m.show)((m.of)(&entry.most)), (m.show)(m.limit));
        zh += &format!("；{}最多 {most}（{}），上限 {limit}", m.zh, entry.name);
        en += &format!("; most {}: {most} (`{}`) of {limit}", m.en, entry.name);
    }
    Text { zh, en }
}

fn join(all: &[Text]) -> Text {
    let part = |of: fn(&Text) -> &str, with: &str| all.iter().take(TOLD).map(of).collect::<Vec<_>>().join(with);
    let (mut zh, mut en) = (part(|t| &t.zh, "；"), part(|t| &t.en, "; "));
    if all.len() > TOLD {
        zh += &format!("；…（另有 {} 项）", all.len() - TOLD);
        en += &format!("; … (+{})", all.len() - TOLD);
    }
    Text { zh, en }
}

fn data(kind: ProbeKind, report: &Report, measures: &[Measure]) -> Value {
    let entry = |e: &Entry| {
        let mut row = json!({
            "entry_point": e.name, "calls": e.calls, "calls_left_out": e.left_out, "calls_late": e.late, "ended": e.ended,
        });
        if let Some(row) = row.as_object_mut() {
            row.extend(measures.iter().map(|m| (m.key.to_owned(), json!((m.of)(&e.most)))));
        }
        row
    };
    let stopped = |e: &Entry| {
        let s = e.stopped.as_ref().filter(|s| s.kind == kind)?;
        Some(json!({
            "entry_point": e.name, "with": s.with, "limit": s.error.outcome(), "cpu_ms": s.took.cpu_ms,
            "wall_ms": s.took.wall_ms, "host_calls": s.took.host_calls, "memory_bytes": s.took.memory_bytes,
        }))
    };
    let limits = measures.iter().map(|m| (m.key.to_owned(), json!(m.limit)));
    json!({
        "ran": true,
        "calls": report.calls(),
        "prepared_ms": report.prepared_ms,
        "called_ms": report.called_ms,
        "budget_ms": report.budget_ms,
        "configured": report.configured,
        "limits": limits.collect::<serde_json::Map<_, _>>(),
        "stopped": report.entries.iter().filter_map(stopped).collect::<Vec<_>>(),
        "not_reached": report.entries.iter().filter(|e| e.unknown()).map(|e| &e.name).collect::<Vec<_>>(),
        "entry_points": report.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// It was not even called. All three say so: what was not called has not passed.
fn refused(unloaded: &Unloaded) -> Measured {
    let Unloaded { error, wall_seconds, cpu_seconds, memory_mib } = unloaded;
    let slow = |zh: String, en: String| {
        (
            format!("编译{zh}，已停止：这样的组件不能安装，请减小组件，拆分过大的函数"),
            format!(
                "compiling {en} and was stopped: such a component cannot be installed. Make it smaller, and split its largest functions"
            ),
        )
    };
    let (zh, en) = match error {
        LoadError::Compile(CompileError::Limit("time")) => {
            slow(format!("超过 {wall_seconds} 秒"), format!("took more than {wall_seconds} s"))
        }
        LoadError::Compile(CompileError::Limit("CPU time")) => {
            slow(format!("用去超过 {cpu_seconds} 秒 CPU 时间"), format!("took more than {cpu_seconds} s of CPU time"))
        }
        LoadError::Compile(CompileError::Limit("memory")) => {
            slow(format!("占用超过 {memory_mib} MiB 内存"), format!("took more than {memory_mib} MiB of memory"))
        }
        LoadError::Compile(e) => (format!("不能编译：{e}"), e.to_string()),
        e => (format!("组件不能载入：{e}"), format!("the component cannot be loaded: {e}")),
    };
    let stage = if matches!(error, LoadError::Compile(_)) { "compile" } else { "load" };
    let data = json!({
        "ran": false,
        "stage": stage,
        "error": error.to_string(),
        "limits": { "wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds, "memory_mib": memory_mib },
    });
    Measured { outcome: Outcome::Fail, text: Text { zh, en }, data }
}
