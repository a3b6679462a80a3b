//! What is to fail.

use super::super::bench::Bench;
use super::super::faults::{MOST_CONFLICTS, SLOWEST, Wanted};
use super::super::layer::PREFIX;
use super::{Asked, Fields};
use maud::{Markup, html};
use std::time::Duration;

pub(super) fn page(asked: &Asked<'_>) -> Markup {
    let wanted = asked.bench.faults.wanted();
    let away = [
        ("store", wanted.store, asked.t("自有数据不可用", "The app's own data is unavailable")),
        ("messaging", wanted.messaging, asked.t("发布消息和通知失败", "Publishing and notifying fail")),
        ("payments", wanted.payments, asked.t("支付服务失败", "Payments fail")),
        ("shared", wanted.shared, asked.t("共享数据失败", "Shared data fails")),
    ];
    html! {
        p { (asked.t("从下一次调用起生效，直到在这里改回。", "From the next call on, until it is changed here.")) }
        form method="post" action={ (PREFIX) "faults" } {
            p {
                label for="conflicts" { (asked.t("接下来发生冲突的提交数", "So many commits to come conflict")) } " "
                input #conflicts type="number" name="conflicts" min="0" max=(MOST_CONFLICTS) value=(wanted.conflicts);
            }
            @for (name, on, label) in away {
                p { label { input type="checkbox" name=(name) value="yes" checked[on]; " " (label) } }
            }
            p {
                label for="slow" { (asked.t("每个回答延迟（毫秒）", "Each answer comes later by (milliseconds)")) } " "
                input #slow type="number" name="slow" min="0" max=(SLOWEST.as_millis()) value=(wanted.slow.as_millis());
            }
            button type="submit" { (asked.t("设定", "Set")) }
        }
        form method="post" action={ (PREFIX) "faults" } {
            button type="submit" { (asked.t("全部恢复", "Let everything work again")) }
        }
    }
}

pub(super) fn set(bench: &Bench, form: &Fields) {
    bench.faults.want(Wanted {
        conflicts: form.text("conflicts").parse().unwrap_or(0),
        store: form.has("store"),
        messaging: form.has("messaging"),
        payments: form.has("payments"),
        shared: form.has("shared"),
        slow: Duration::from_millis(form.text("slow").parse().unwrap_or(0)),
    });
}
