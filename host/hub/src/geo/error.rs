//! What can be wrong with a geometry or a question about places, for programs and for people.

use yunlong_formats::Explain;
use yunlong_model::Text;
use yunlong_store::StoreError;

/// Why a geometry or a query by place is refused, or failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeoError {
    /// Not a geometry of RFC 7946; what is wrong, in the words of the parser.
    #[error("this is no GeoJSON geometry (RFC 7946): {0}")]
    Malformed(String),
    /// A member `crs` names another system than CGCS2000.
    #[error(
        "coordinates in `{0}` are not taken: convert them to CGCS2000 (EPSG:4490) first; GCJ-02 and BD-09 are shifted by some hundred metres"
    )]
    System(String),
    /// A longitude or latitude outside of the earth.
    #[error("position {position}: longitude {longitude}, latitude {latitude} is nowhere: -180 to 180, -90 to 90")]
    Bounds {
        /// Which position, counted from 1 through the whole geometry.
        position: usize,
        /// As it is written.
        longitude: f64,
        /// As it is written.
        latitude: f64,
    },
    /// A latitude that can only be a longitude.
    #[error(
        "position {position}: latitude {latitude} is over 90; in GeoJSON the longitude comes first: were the two exchanged?"
    )]
    Exchanged {
        /// Which position, counted from 1 through the whole geometry.
        position: usize,
        /// As it is written.
        latitude: f64,
    },
    /// A geometry without a position where one is needed.
    #[error("the geometry has no positions")]
    Empty,
    /// A line with fewer than two positions.
    #[error("a line needs at least two positions")]
    ShortLine,
    /// A ring that does not end where it begins, or has fewer than four positions.
    #[error("ring {0} is not closed: a ring has at least four positions, and the last one is the first one again")]
    OpenRing(usize),
    /// A collection within a collection.
    #[error("a GeometryCollection within another one is not taken: put the geometries into one")]
    Nested,
    /// Larger than is taken.
    #[error("the geometry has {found} {unit}, {most} are taken: simplify it or divide it")]
    TooLarge {
        /// How many it has.
        found: usize,
        /// Of what: `positions` or `bytes`.
        unit: &'static str,
        /// How many are taken.
        most: usize,
    },
    /// An area that is not one: a point or a line, or without extent.
    #[error("an area is a Polygon or a MultiPolygon, or a Feature of one")]
    NotAnArea,
    /// A geometry or box over the date line.
    #[error(
        "from longitude {west} to {east} is more than half the earth, or leads over the date line (±180°): divide it there and ask twice"
    )]
    DateLine {
        /// The west end.
        west: f64,
        /// The east end.
        east: f64,
    },
    /// A box whose south is north of its north.
    #[error("the box is upside down: its south {south} is north of its north {north}")]
    UpsideDown {
        /// The south end.
        south: f64,
        /// The north end.
        north: f64,
    },
    /// A limit or a distance that cannot be.
    #[error("{what} is {given}: from {least} to {most} are possible")]
    Range {
        /// Of what.
        what: &'static str,
        /// What was given.
        given: f64,
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
    /// A cursor that this query did not give.
    #[error("the cursor is not from this query: begin without one")]
    Cursor,
    /// So many records stand so near to each other that the nearest cannot be told with bounded work.
    #[error(
        "more than {0} records stand too near to each other to tell the nearest: ask with a smaller distance or by box"
    )]
    Crowded(usize),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl GeoError {
    /// The same for people, in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        Text { zh: self.zh(), en: self.en() }
    }

    /// Whether the question or the geometry is at fault, rather than the store.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        !matches!(self, Self::Store(_))
    }
}

impl Explain for GeoError {
    fn zh(&self) -> String {
        match self {
            Self::Malformed(why) => format!("不是有效的 GeoJSON 几何对象（RFC 7946）：{why}"),
            Self::System(name) => format!(
                "不接收“{name}”坐标：请先转换为 CGCS2000（EPSG:4490）；GCJ-02、BD-09 坐标有数百米的偏移，必须先转换"
            ),
            Self::Bounds { position, longitude, latitude } => format!(
                "第 {position} 个坐标超出范围：经度 {longitude}、纬度 {latitude}；经度应在 -180 至 180，纬度应在 -90 至 90"
            ),
            Self::Exchanged { position, latitude } => {
                format!("第 {position} 个坐标的纬度 {latitude} 大于 90：GeoJSON 中经度在前、纬度在后，是否写反了？")
            }
            Self::Empty => "几何对象没有坐标".into(),
            Self::ShortLine => "线至少要有两个坐标".into(),
            Self::OpenRing(ring) => format!("第 {ring} 个环没有闭合：环至少有四个坐标，且首尾相同"),
            Self::Nested => "GeometryCollection 不能嵌套：请合并为一个".into(),
            Self::TooLarge { found, unit, most } => {
                let unit = if *unit == "bytes" { "字节" } else { "个坐标" };
                format!("几何对象有 {found} {unit}，最多接收 {most} {unit}：请简化或拆分")
            }
            Self::NotAnArea => "区域应为 Polygon 或 MultiPolygon，或者是它们的 Feature".into(),
            Self::DateLine { west, east } => {
                format!("经度 {west} 至 {east} 超过半个地球或跨越日界线（±180°）：请在日界线处拆开，分两次查询")
            }
            Self::UpsideDown { south, north } => format!("范围上下颠倒：南端 {south} 在北端 {north} 以北"),
            Self::Range { what, given, least, most } => {
                let what = match *what {
                    "limit" => "每页条数",
                    "distance" => "最大距离（米）",
                    other => other,
                };
                format!("{what}为 {given}：应在 {least} 至 {most} 之间")
            }
            Self::Cursor => "游标不属于这个查询：请从第一页开始".into(),
            Self::Crowded(rows) => {
                format!("有超过 {rows} 条记录过于密集，无法判断最近的是哪些：请缩小距离或按范围查询")
            }
            Self::Store(_) => "数据暂时无法读取，请稍后再试".into(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Store(_) => "the data cannot be read now: try again later".into(),
            other => other.to_string(),
        }
    }
}
