//! An entry of the catalogue in the words of the national guide (政务信息资源目录编制指南（试行）, 2017).

use super::{CatalogueEntry, Publication};
use crate::{Category, Hub, Item, ItemKind, Openness, Sensitivity, Sharing, UpdateCycle};
use serde_json::{Value, json};
use yunlong_model::Text;

/// An entry with the guide's items; `provider` is the provider's name. What the guide does not have
/// (the item that identifies a record, how sensitive an item is, the JSON Schema of a record) stands beside it.
#[must_use]
pub fn guide_entry(entry: &CatalogueEntry, provider: &str) -> Value {
    let dataset = &entry.dataset;
    let (class, condition) = sharing(&dataset.sharing);
    let items: Vec<Value> = dataset.items.iter().map(|i| item(i, i.name == dataset.key)).collect();
    json!({
        "信息资源分类": match dataset.category {
            Category::Base => "基础信息资源",
            Category::Theme => "主题信息资源",
            Category::Department => "部门信息资源",
        },
        "信息资源名称": dataset.title.zh,
        "信息资源代码": dataset.id,
        "信息资源提供方": provider,
        "信息资源提供方代码": dataset.provider,
        "信息资源摘要": dataset.summary.zh,
        "信息资源格式": dataset.format,
        "信息项信息": items,
        "JSON Schema": dataset.json_schema(),
        "共享属性": { "共享类型": class, "共享条件": condition, "共享方式": dataset.sharing.way().zh },
        "开放属性": {
            "是否向社会开放": dataset.openness != Openness::Closed,
            "开放条件": match dataset.openness {
                Openness::Closed => "",
                Openness::Conditional => "依申请开放",
                Openness::Open => "无条件开放",
            },
        },
        "更新周期": cycle(dataset.update_cycle),
        "发布日期": dataset.released,
        "数据级别": match dataset.level {
            crate::Level::General => "一般数据",
            crate::Level::Important => "重要数据",
            crate::Level::Core => "核心数据",
            crate::Level::Classified => "涉密数据",
        },
        "目录状态": match entry.publication {
            Publication::Draft => "草稿",
            Publication::Published => "已发布",
            Publication::Withdrawn => "已撤回",
        },
        "目录版本": entry.version,
    })
}

fn sharing(sharing: &Sharing) -> (&'static str, &str) {
    match sharing {
        Sharing::Unconditional => ("无条件共享", ""),
        Sharing::Conditional { condition } => ("有条件共享", &condition.zh),
        Sharing::NotShared { law } => ("不予共享", law),
    }
}

impl Sharing {
    /// In which way it is shared (共享方式), for the guide's export and for the pages alike: there is one way
    /// here, through the platform's contract, or none.
    #[must_use]
    pub fn way(&self) -> Text {
        let (zh, en) = match self {
            Self::Unconditional | Self::Conditional { .. } => (
                "共享平台方式（平台接口，按用途授权，逐次记录）",
                "Through the platform’s contract, granted by purpose, every read recorded",
            ),
            Self::NotShared { .. } => ("不共享", "Not shared"),
        };
        Text { zh: zh.into(), en: en.into() }
    }
}

fn item(item: &Item, is_key: bool) -> Value {
    json!({
        "信息项名称": item.title.zh,
        "字段名": item.name,
        "数据类型": match item.kind {
            ItemKind::Integer => "整型",
            ItemKind::Decimal => "数值型",
            ItemKind::Boolean => "逻辑型",
            ItemKind::Date => "日期型",
            ItemKind::Time => "日期时间型",
            ItemKind::Geometry => "通用型",
            ItemKind::Text
            | ItemKind::ResidentId
            | ItemKind::Uscc
            | ItemKind::Mobile
            | ItemKind::Division
            | ItemKind::Period => "字符型",
        },
        "是否必填": item.required || is_key,
        "是否标识项": is_key,
        "敏感程度": match item.sensitivity {
            Sensitivity::General => "一般",
            Sensitivity::Personal => "个人信息",
            Sensitivity::Sensitive => "敏感个人信息",
        },
        "代码表": item.codes.iter().map(|(code, text)| (code.clone(), text.zh.clone())).collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn cycle(cycle: UpdateCycle) -> &'static str {
    match cycle {
        UpdateCycle::RealTime => "实时",
        UpdateCycle::Daily => "每日",
        UpdateCycle::Weekly => "每周",
        UpdateCycle::Monthly => "每月",
        UpdateCycle::Quarterly => "每季度",
        UpdateCycle::Yearly => "每年",
        UpdateCycle::AsNeeded => "不定期",
    }
}

impl Hub {
    /// [`guide_entry`] of a dataset, with its provider's name; `None` when there is no such dataset.
    pub async fn guide_entry(&self, id: &str) -> Option<Value> {
        let entry = self.catalogue_entry(id)?;
        let provider = self.inner.identity.organization(&entry.dataset.provider).await.ok().flatten();
        Some(guide_entry(&entry, provider.as_ref().map_or("", |p| p.name.as_str())))
    }
}
