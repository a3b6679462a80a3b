//! Places on the map: the districts themselves, and points inside them.

use crate::divisions::VILLAGES;
use crate::map::{District, districts};
use crate::random::Random;
use crate::{Row, names, row};

/// Kind, the end of its name, and its share in hundredths.
const KINDS: [((&str, &str), u64); 9] = [
    (("address", ""), 60),
    (("school", "小学"), 9),
    (("hospital", "卫生服务站"), 7),
    (("park", "游园"), 6),
    (("market", "集贸市场"), 5),
    (("station", "公交站"), 5),
    (("government", "便民服务中心"), 4),
    (("warehouse", "仓库"), 3),
    (("attraction", "生态园"), 1),
];

/// The districts with their outlines, and then `count` points.
pub(crate) fn places(seed: u64, count: u64) -> impl Iterator<Item = Row> + Send {
    districts().iter().map(outline).chain((0..count).map(move |n| place(seed, n)))
}

fn outline(district: &District) -> Row {
    row! {
        "place": district.code.as_str(),
        "name": district.name.as_str(),
        "kind": "division",
        "division": district.code.as_str(),
        "geometry": district.geometry.clone(),
    }
}

/// Where in its district a village lies is not known here: so a point's division is the county, and
/// the village lends its name alone.
fn place(seed: u64, n: u64) -> Row {
    let district = &districts()[(n % districts().len() as u64) as usize];
    let mut random = Random::new(seed, "place", n);
    let village = random.pick(&VILLAGES[district.code.as_str()]);
    let address = format!("{}{}", village.address, names::street(&mut random));
    let (kind, ending) = *random.weighted(&KINDS);
    let name = match kind {
        "address" => address.clone(),
        _ => {
            let short = village.address.rsplit(['镇', '道', '场', '区', '县', '市']).next().unwrap_or("");
            format!("{short}{}{ending}（示例）", names::firm(&mut random))
        }
    };
    row! {
        "place": format!("{}-{n:07}", district.code),
        "name": name,
        "kind": kind,
        "address": address,
        "division": district.code.as_str(),
        "geometry": district.point(&mut random),
    }
}
