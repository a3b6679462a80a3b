//! What an app is for: the systems that the city's policy names, under its hub and three centres.
//!
//! The words are those of chapter four of the "Smart Xuzhou" opinions of 2014 (industry 产业集聚中心, operations
//! 高效运行中心, public services 公共服务中心, the hub 枢纽) and, for the safeguards, of chapter five.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use yunlong_model::Text;

/// A part of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// 产业集聚中心.
    Industry,
    /// 高效运行中心.
    Operations,
    /// 公共服务中心.
    PublicServices,
    /// 枢纽.
    Hub,
    /// 保障措施.
    Safeguards,
}

impl Area {
    /// All of them, the three centres first.
    pub const ALL: [Self; 5] = [Self::Industry, Self::Operations, Self::PublicServices, Self::Hub, Self::Safeguards];

    /// The name in links and queries.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Industry => "industry",
            Self::Operations => "operations",
            Self::PublicServices => "public-services",
            Self::Hub => "hub",
            Self::Safeguards => "safeguards",
        }
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> Text {
        let (zh, en) = match self {
            Self::Industry => ("产业集聚中心", "Industry"),
            Self::Operations => ("高效运行中心", "City operations"),
            Self::PublicServices => ("公共服务中心", "Public services"),
            Self::Hub => ("智慧徐州枢纽", "The hub"),
            Self::Safeguards => ("保障措施", "Safeguards"),
        };
        Text { zh: zh.into(), en: en.into() }
    }

    /// The area of this slug.
    #[must_use]
    pub fn find(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.slug() == slug)
    }

    /// Its categories, in the policy's order.
    pub fn categories(self) -> impl Iterator<Item = Category> {
        TABLE.iter().enumerate().filter(move |(_, row)| row.0 == self).map(|(n, _)| Category(n))
    }
}

/// A system that the policy names. Written as its slug, such as `tourism`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(usize);

/// Area, slug, Chinese, English.
const TABLE: &[(Area, &str, &str, &str)] = &[
    (Area::Industry, "industrial-integration", "两化深度融合", "Informatization of industry"),
    (Area::Industry, "equipment-leasing", "工程机械融资租赁", "Leasing of machinery"),
    (Area::Industry, "logistics-finance", "金融物流", "Logistics and finance"),
    (Area::Industry, "tourism", "智慧旅游", "Tourism"),
    (Area::Industry, "software-services", "软件服务供需对接", "Supply and demand of software services"),
    (Area::Industry, "e-commerce", "电子商务", "E-commerce"),
    (Area::Industry, "commodity-trading", "大宗商品交易", "Trade in bulk commodities"),
    (Area::Industry, "rural-e-commerce", "农村电子商务", "Rural e-commerce"),
    (Area::Industry, "investment", "招商与园区", "Investment and parks"),
    (Area::Operations, "office", "协同办公", "Collaborative office"),
    (Area::Operations, "government-services", "政务服务", "Government services"),
    (Area::Operations, "supervision", "行政监察", "Supervision"),
    (Area::Operations, "environment", "环保联合监控", "Environment"),
    (Area::Operations, "water", "水利水务", "Water and flood control"),
    (Area::Operations, "power-grid", "智能电网", "Smart grid"),
    (Area::Operations, "traffic", "智能交通", "Traffic and transport"),
    (Area::Operations, "underground-space", "地下空间", "Underground space"),
    (Area::Operations, "city-monitoring", "城市运行体征监测", "City vital signs and video"),
    (Area::Operations, "emergency", "应急响应", "Emergency response"),
    (Area::PublicServices, "health", "区域医疗", "Regional health"),
    (Area::PublicServices, "community-health", "社区健康", "Community health"),
    (Area::PublicServices, "education", "区域教育", "Education"),
    (Area::PublicServices, "rural-services", "农村综合信息服务", "Rural services"),
    (Area::PublicServices, "food-tracing", "肉菜流通追溯", "Tracing of meat and vegetables"),
    (Area::PublicServices, "enterprise-credit", "企业信用", "Enterprise credit"),
    (Area::PublicServices, "citizen-services", "市民融合服务", "Citizen services"),
    (Area::Hub, "data-exchange", "信息资源交换", "Exchange of data"),
    (Area::Hub, "topic-databases", "专题数据库", "Topic databases"),
    (Area::Hub, "open-data", "政府开放数据", "Open data"),
    (Area::Hub, "cloud", "云中心", "The cloud centre"),
    (Area::Safeguards, "projects", "项目管理与评审", "Projects and experts' review"),
    (Area::Safeguards, "funds", "专项资金", "The special fund"),
    (Area::Safeguards, "assessment", "动态考评", "Assessment"),
    (Area::Safeguards, "training", "人才培训", "Training"),
];

/// The text names no category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no category: choose one of {all}", all = all_slugs())]
pub struct CategoryError(String);

fn all_slugs() -> String {
    TABLE.iter().map(|row| row.1).collect::<Vec<_>>().join(", ")
}

impl Category {
    fn row(self) -> &'static (Area, &'static str, &'static str, &'static str) {
        // Only `Area::categories` and `from_str` make one, with an index of the table.
        &TABLE[self.0]
    }

    /// The area that it belongs to.
    #[must_use]
    pub fn area(self) -> Area {
        self.row().0
    }

    /// The name in `listing.toml`, in links and queries.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.row().1
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> Text {
        Text { zh: self.row().2.into(), en: self.row().3.into() }
    }
}

impl fmt::Debug for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl FromStr for Category {
    type Err = CategoryError;

    fn from_str(slug: &str) -> Result<Self, CategoryError> {
        let found = TABLE.iter().position(|row| row.1 == slug);
        found.map(Self).ok_or_else(|| CategoryError(slug.chars().take(60).collect()))
    }
}

impl Serialize for Category {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for Category {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_category_stands_under_one_area_and_comes_back_from_its_slug() {
        let mut seen = BTreeSet::new();
        for area in Area::ALL {
            assert_eq!(Area::find(area.slug()), Some(area));
            assert!(area.categories().count() > 0, "{area:?}");
            for category in area.categories() {
                assert_eq!((category.slug().parse(), category.area()), (Ok(category), area));
                assert!(seen.insert(category.slug()), "{category} stands there twice");
            }
        }
        assert_eq!(seen.len(), TABLE.len());
        let error = "nonsense".parse::<Category>().unwrap_err().to_string();
        assert!(error.contains("`nonsense`") && error.contains("rural-e-commerce"), "{error}");
    }
}
