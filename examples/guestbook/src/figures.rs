//! How many messages there are.

use crate::entry;
use crate::pages::LAYOUT;
use maud::html;
use std::collections::BTreeMap;
use yunlong_sdk::page::{self, Chart};
use yunlong_sdk::{Request, Response, clock, t, web};

// ANCHOR: chart
/// The newest messages by the day on which they were written, as a chart and as its table.
pub(crate) fn days(req: &Request) -> web::Result<Response> {
    let mut days: BTreeMap<String, usize> = BTreeMap::new();
    for message in entry::visible(None)?.items {
        *days.entry(clock::Date::at(message.time).to_string()).or_default() += 1;
    }
    let chart = Chart::bar(req.t("最新留言的日期", "Days of the newest messages"), req.t("日期", "Day"))
        .series(req.t("留言", "Messages"))
        .source(req.t("只计所有人可见的留言。", "Messages that everybody can read."));
    let chart = days.into_iter().fold(chart, |chart, (day, count)| chart.row(day, [count]));
    Ok(LAYOUT.page(
        req,
        &t("统计", "Figures"),
        html! {
            (page::chart(req.lang(), &chart))
            (page::print_button(req.lang()))
        },
    ))
}
// ANCHOR_END: chart
