//! A map of the city's districts and counties, shaded by classes.

use super::chart::{cell, foot, linked, nothing, unit};
use super::quantity::{Decimal, Quantity};
use super::{Tone, badge};
use crate::Lang;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The divisions (GB/T 2260) that the platform's map has. The economic development zone (320371) is a statistical division
/// without an outline.
pub const ON_THE_MAP: [&str; 10] =
    ["320302", "320303", "320305", "320311", "320312", "320321", "320322", "320324", "320381", "320382"];

/// The shades of the stylesheet, from little to much.
const SHADES: usize = 6;
/// Classes where the app names none.
const CLASSES: i128 = 5;

/// A map: a figure for each district, by its division code, and what the shades mean.
///
/// ```
/// use yunlong_sdk::{Lang, Tone, page::{self, DistrictMap, Quantity}};
///
/// let map = DistrictMap::new("行政村服务覆盖率", "覆盖率")
///     .unit("%")
///     .toned_class(0, "低于 98 %", Tone::Bad)
///     .toned_class(98, "达到 98 %", Tone::Ok)
///     .linked_district("320324", "睢宁县", "/coverage/320324", Quantity::decimal(9_801, 2))
///     .district("320371", "经济技术开发区", Quantity::decimal(9_797, 2));
/// let markup = page::district_map(Lang::Zh, &map).into_string();
/// assert!(markup.contains("data-code=\"320324\" data-class=\"2\" data-tone=\"ok\""));
/// ```
#[derive(Clone, Debug)]
pub struct DistrictMap {
    title: String,
    measure: String,
    unit: Option<String>,
    source: Option<String>,
    classes: Vec<Class>,
    districts: Vec<District>,
    columns: Vec<MapColumn>,
}

/// What else is told of the districts: its heading, and its cells by the districts' codes.
#[derive(Clone, Debug)]
struct MapColumn {
    heading: String,
    cells: BTreeMap<String, Markup>,
}

#[derive(Clone, Debug)]
struct Class {
    from: Decimal,
    label: String,
    tone: Option<Tone>,
}

#[derive(Clone, Debug)]
struct District {
    code: String,
    name: String,
    link: Option<String>,
    value: Quantity,
}

impl DistrictMap {
    /// A map with a title; `measure` says what its figures are.
    #[must_use]
    pub fn new(title: impl Into<String>, measure: impl Into<String>) -> Self {
        let (title, measure) = (title.into(), measure.into());
        Self {
            title,
            measure,
            unit: None,
            source: None,
            classes: Vec::new(),
            districts: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// What the figures count.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// Where the figures come from and until when, below the map.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A class: figures of `from` and more, up to where the next one begins. Six classes can be told apart. A figure below all
    /// of them has none. Without any class there are up to five of one width.
    #[must_use]
    pub fn class(self, from: impl Into<Quantity>, label: impl Into<String>) -> Self {
        self.with_class(from.into(), label.into(), None)
    }

    /// A class that is good or bad, in the colours of badges.
    #[must_use]
    pub fn toned_class(self, from: impl Into<Quantity>, label: impl Into<String>, tone: Tone) -> Self {
        self.with_class(from.into(), label.into(), Some(tone))
    }

    fn with_class(mut self, from: Quantity, label: String, tone: Option<Tone>) -> Self {
        if let Some(from) = from.value() {
            self.classes.push(Class { from, label, tone });
        }
        self
    }

    /// The figure of a district, by its code of GB/T 2260. One that is not [`ON_THE_MAP`] stands in the table alone.
    #[must_use]
    pub fn district(self, code: impl Into<String>, name: impl Into<String>, value: impl Into<Quantity>) -> Self {
        self.with_district(code.into(), name.into(), None, value.into())
    }

    /// A district that leads to what lies behind its figure: its towns, its list.
    #[must_use]
    pub fn linked_district(
        self,
        code: impl Into<String>,
        name: impl Into<String>,
        link: impl Into<String>,
        value: impl Into<Quantity>,
    ) -> Self {
        self.with_district(code.into(), name.into(), Some(link.into()), value.into())
    }

    fn with_district(mut self, code: String, name: String, link: Option<String>, value: Quantity) -> Self {
        self.districts.push(District { code, name, link, value });
        self
    }

    /// What else is told of the districts, by their codes: a column of the table behind the figure, with a dash where there is
    /// none, which the map tells where a district is pointed at.
    #[must_use]
    pub fn column<C: Into<String>>(
        mut self,
        heading: impl Into<String>,
        cells: impl IntoIterator<Item = (C, Markup)>,
    ) -> Self {
        let cells = cells.into_iter().map(|(code, cell)| (code.into(), cell)).collect();
        self.columns.push(MapColumn { heading: heading.into(), cells });
        self
    }

    /// The finest scale of all its figures and classes, in which they are compared.
    fn scale(&self) -> u8 {
        let figures = self.districts.iter().filter_map(|d| d.value.value());
        figures.chain(self.classes.iter().map(|c| c.from)).map(|d| d.scale).max().unwrap_or(0)
    }

    /// The classes from little to much: the app's, or some of one width.
    fn sorted_classes(&self, scale: u8) -> Vec<Class> {
        let mut classes = if self.classes.is_empty() { self.even(scale) } else { self.classes.clone() };
        classes.sort_by_key(|c| c.from.at(scale));
        classes
    }

    fn even(&self, scale: u8) -> Vec<Class> {
        let figures = || self.districts.iter().filter_map(|d| d.value.value()).map(|d| d.at(scale));
        let (Some(least), Some(most)) = (figures().min(), figures().max()) else { return Vec::new() };
        // As many as there are different figures at the most, each one unit wide at least.
        let many = CLASSES.min(most - least + 1);
        let from = |n: i128| least + (most - least + 1) * n / many;
        let shown = |units: i128| Decimal { units, scale }.grouped();
        let label = |n: i128| match (from(n), from(n + 1) - 1) {
            (first, last) if first == last => shown(first),
            (first, last) => format!("{} – {}", shown(first), shown(last)),
        };
        (0..many).map(|n| Class { from: Decimal { units: from(n), scale }, label: label(n), tone: None }).collect()
    }
}

/// The place of the class of a figure, from 1; 0 without one.
fn class_of(value: &Quantity, classes: &[Class], scale: u8) -> usize {
    value.value().map_or(0, |v| classes.iter().take_while(|c| c.from.at(scale) <= v.at(scale)).count())
}

/// The shade of a class: they are spread so that the last one is the deepest, however few there are.
fn shade(class: usize, classes: usize) -> usize {
    match classes {
        0 | 1 => SHADES,
        many => 1 + ((class - 1) * 2 * (SHADES - 1) + (many - 1)) / (2 * (many - 1)),
    }
}

/// The map as a figure with its classes and its table.
#[must_use]
pub fn district_map(lang: Lang, map: &DistrictMap) -> Markup {
    let scale = map.scale();
    let classes = map.sorted_classes(scale);
    html! {
        figure.chart data-chart="map" data-unit=[map.unit.as_deref()] {
            figcaption { (map.title) }
            @if map.districts.is_empty() { (nothing(lang)) } @else {
                ul.chart-classes aria-label=(lang.pick("分档", "Classes")) {
                    @for (n, class) in (1..).zip(&classes) { li { (swatch(n, classes.len(), class)) (class.label) } }
                }
                (table(lang, map, &classes, scale))
                (missing(lang, map))
            }
            (foot(map.source.as_deref()))
        }
    }
}

fn swatch(n: usize, of: usize, class: &Class) -> Markup {
    let colour = match class.tone {
        Some(tone) => format!("tone-{}", tone.name()),
        None => format!("shade-{}", shade(n, of)),
    };
    html! { span class={ "swatch " (colour) " pattern-" ((n - 1) % SHADES + 1) } aria-hidden="true" {} }
}

fn table(lang: Lang, map: &DistrictMap, classes: &[Class], scale: u8) -> Markup {
    html! {
        div.table-wrap role="region" aria-label=(map.title) tabindex="0" {
            table {
                thead { tr {
                    th scope="col" { (lang.pick("县区", "District")) }
                    th.amount scope="col" data-series { (map.measure) (unit(lang, map.unit.as_deref())) }
                    @for c in &map.columns { th scope="col" data-series { (c.heading) } }
                    th scope="col" { (lang.pick("分档", "Class")) }
                } }
                tbody { @for d in &map.districts {
                    @let n = class_of(&d.value, classes, scale);
                    @let class = n.checked_sub(1).and_then(|i| classes.get(i));
                    tr data-code=(d.code) data-class=[class.map(|_| n)] data-tone=[class.and_then(|c| c.tone).map(Tone::name)] {
                        th scope="row" { (linked(&d.name, d.link.as_deref())) }
                        (cell(&d.value))
                        @for c in &map.columns {
                            td { @if let Some(cell) = c.cells.get(&d.code) { (cell) } @else { "—" } }
                        }
                        td { (said(class)) }
                    }
                } }
            }
        }
    }
}

fn said(class: Option<&Class>) -> Markup {
    match class {
        Some(Class { tone: Some(tone), label, .. }) => badge(*tone, label),
        Some(class) => html! { (class.label) },
        None => html! { "—" },
    }
}

/// Which districts stand in the table alone.
fn missing(lang: Lang, map: &DistrictMap) -> Markup {
    let names: Vec<&str> =
        map.districts.iter().filter(|d| !ON_THE_MAP.contains(&d.code.as_str())).map(|d| d.name.as_str()).collect();
    html! {
        @if !names.is_empty() {
            p.source { (lang.pick("地图上没有轮廓，只列在表格里：", "In the table alone, since the map has no outline of them: "))
                (names.join(lang.pick("、", ", "))) (lang.pick("。", ".")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_begins_at_its_bound_and_nothing_is_rounded_up() {
        let map = DistrictMap::new("x", "y").toned_class(98, "good", Tone::Ok).toned_class(0, "bad", Tone::Bad);
        let classes = map.sorted_classes(2);
        let of = |units| class_of(&Quantity::decimal(units, 2), &classes, 2);
        assert_eq!([of(9_799), of(9_800), of(-1)], [1, 2, 0]);
        assert_eq!(class_of(&Quantity::unknown("—"), &classes, 2), 0);
    }

    #[test]
    fn classes_of_one_width_hold_every_figure() {
        for figures in [vec![0, 1, 2], vec![5, 5], vec![-7, 0, 93, 1_000], vec![i64::MIN, i64::MAX]] {
            let map = figures.iter().fold(DistrictMap::new("x", "y"), |m, f| m.district("320302", "鼓楼区", *f));
            let classes = map.sorted_classes(0);
            assert!((1..=5).contains(&classes.len()));
            let of = |f: i64| class_of(&Quantity::from(f), &classes, 0);
            let (least, most) = (figures.iter().min().unwrap(), figures.iter().max().unwrap());
            assert_eq!((of(*least), of(*most)), (1, classes.len()));
        }
        let map = [10, 20, 59].iter().fold(DistrictMap::new("x", "y"), |m, f| m.district("320302", "鼓楼区", *f));
        let labels: Vec<_> = map.sorted_classes(0).into_iter().map(|c| c.label).collect();
        assert_eq!(labels, ["10 – 19", "20 – 29", "30 – 39", "40 – 49", "50 – 59"]);
    }

    #[test]
    fn the_deepest_shade_is_the_last_class() {
        assert_eq!((1..=2).map(|n| shade(n, 2)).collect::<Vec<_>>(), [1, 6]);
        assert_eq!((1..=5).map(|n| shade(n, 5)).collect::<Vec<_>>(), [1, 2, 4, 5, 6]);
        assert_eq!(shade(1, 1), 6);
    }
}
