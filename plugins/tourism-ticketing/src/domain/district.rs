//! The city's districts by name, for lists and filters.

use yunlong_sdk::{Text, t};

/// Code (GB/T 2260) and name, in the order of the codes.
pub static ALL: [(&str, Text); 10] = [
    ("320302", t("鼓楼区", "Gulou District")),
    ("320303", t("云龙区", "Yunlong District")),
    ("320305", t("贾汪区", "Jiawang District")),
    ("320311", t("泉山区", "Quanshan District")),
    ("320312", t("铜山区", "Tongshan District")),
    ("320321", t("丰县", "Feng County")),
    ("320322", t("沛县", "Pei County")),
    ("320324", t("睢宁县", "Suining County")),
    ("320381", t("新沂市", "Xinyi City")),
    ("320382", t("邳州市", "Pizhou City")),
];

/// The name of a district; its code where the name is not known.
#[must_use]
pub fn name(code: &str) -> Text {
    ALL.iter().find(|(c, _)| *c == code).map_or_else(|| Text::same(code.to_owned()), |(_, name)| name.clone())
}
