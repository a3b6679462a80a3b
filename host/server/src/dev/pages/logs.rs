//! What the app printed, and what happened to it.

use super::super::error::DevError;
use super::{Asked, moment};
use maud::{Markup, html};

/// Lines that are shown.
const LINES: usize = 300;

pub(super) async fn page(asked: &Asked<'_>) -> Result<Markup, DevError> {
    let bench = asked.bench;
    let lines = bench.city.log.tail(&bench.name, LINES).await.map_err(DevError::city)?;
    Ok(html! {
        p { (asked.t("最新的在最上面。", "The newest first.")) }
        @if lines.is_empty() { p { (asked.t("没有。", "None.")) } }
        table {
            thead {
                tr {
                    th scope="col" { (asked.t("时间", "Time")) } th scope="col" { (asked.t("级别", "Level")) }
                    th scope="col" { (asked.t("内容", "Text")) } th scope="col" { (asked.t("请求", "Request")) }
                }
            }
            tbody {
                @for line in lines.iter().rev() {
                    tr {
                        td { (moment(line.at)) } td { (line.level) } td { pre { (line.text) } }
                        td { (line.request_id.as_deref().unwrap_or("")) }
                    }
                }
            }
        }
    })
}
