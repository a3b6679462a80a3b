//! The tree of organizations: divisions from a table, departments and vendors by hand.

use crate::error::IdentityError;
use crate::types::{Organization, OrganizationLevel, PlatformRole, Session};
use crate::{Identity, keys};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use yunlong_formats::{Date, DivisionCode, Level, Uscc};
use yunlong_store::transact;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, SharedStore};

/// All organizations: a city has a few thousand, so they are kept in memory.
#[derive(Clone, Default)]
pub(crate) struct Tree {
    by_code: BTreeMap<String, Organization>,
    children: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    pub(crate) async fn load(store: &SharedStore) -> Result<Self, IdentityError> {
        let mut tree = Self::default();
        for entry in store.scan(&keys::organizations().children(), Direction::Ascending, usize::MAX).await? {
            tree.insert(from_json(&entry.key, &entry.value)?);
        }
        Ok(tree)
    }

    fn insert(&mut self, organization: Organization) {
        if let Some(old) = self.by_code.get(&organization.code)
            && let Some(siblings) = old.parent.as_ref().and_then(|p| self.children.get_mut(p))
        {
            siblings.remove(&organization.code);
        }
        if let Some(parent) = &organization.parent {
            self.children.entry(parent.clone()).or_default().insert(organization.code.clone());
        }
        self.by_code.insert(organization.code.clone(), organization);
    }

    /// Whether `code` is `ancestor` or lies below it.
    pub(crate) fn is_within(&self, code: &str, ancestor: &str) -> bool {
        let mut at = Some(code);
        // A tree of divisions is five levels deep; the bound guards against a circle.
        for _ in 0..16 {
            match at {
                Some(c) if c == ancestor => return true,
                Some(c) => at = self.by_code.get(c).and_then(|o| o.parent.as_deref()),
                None => return false,
            }
        }
        false
    }
}

impl Identity {
    /// Takes over a table of divisions: CSV with the columns `code`, `level` (`province`, `city`,
    /// `county`, `town`, `village`), `name`, `parent`, and optionally `valid_from` and `valid_to`
    /// (`YYYY-MM-DD`). Units that are known and not in the table stay as they are, since codes of
    /// abolished divisions live on in resident IDs; dates that the table does not give are kept.
    /// Answers how many units the table holds. The same table again changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] names the line and the column; then nothing was taken over.
    pub async fn import_divisions(&self, csv: &str) -> Result<usize, IdentityError> {
        let units = parse(csv)?;
        let count = units.len();
        let tree = self.tree();
        let changed: Vec<_> =
            units.into_iter().map(|u| keep_dates(u, &tree)).filter(|u| tree.by_code.get(&u.code) != Some(u)).collect();
        self.write_organizations(changed, "-").await?;
        Ok(count)
    }

    /// Adds a department or a vendor, or changes one.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a code that is neither a division code nor a USCC, a blank
    /// name or a level that does not fit; [`IdentityError::NoSuchOrganization`] for the parent.
    pub async fn add_organization(&self, organization: Organization, by: &str) -> Result<(), IdentityError> {
        if organization.name.trim().is_empty() {
            return Err(IdentityError::invalid("name", "请填写组织名称", "enter the organization's name"));
        }
        match organization.level {
            OrganizationLevel::Department | OrganizationLevel::Vendor => {
                let uscc: Uscc = organization.code.parse().map_err(|e| IdentityError::refused("code", &e))?;
                if uscc.as_str() != organization.code {
                    return Err(IdentityError::invalid("code", "请用大写字母填写代码", "write the code in capitals"));
                }
            }
            level => check_division("code", &organization.code, level)?,
        }
        if let Some(parent) = &organization.parent {
            let tree = self.tree();
            if !tree.by_code.contains_key(parent) {
                return Err(IdentityError::NoSuchOrganization(parent.clone()));
            }
            if tree.is_within(parent, &organization.code) {
                return Err(IdentityError::invalid(
                    "parent",
                    "上级组织不能是它自己或它的下级",
                    "the parent cannot be the organization itself or lie below it",
                ));
            }
        }
        self.write_organizations(vec![organization], by).await
    }

    /// The organization with this code.
    ///
    /// # Errors
    /// None today; a store that does not fit into memory would have some.
    pub async fn organization(&self, code: &str) -> Result<Option<Organization>, IdentityError> {
        Ok(self.tree().by_code.get(code).cloned())
    }

    /// Those right below, by code.
    ///
    /// # Errors
    /// As [`Identity::organization`].
    pub async fn children(&self, code: &str) -> Result<Vec<Organization>, IdentityError> {
        let tree = self.tree();
        let codes = tree.children.get(code).into_iter().flatten();
        Ok(codes.filter_map(|c| tree.by_code.get(c).cloned()).collect())
    }

    /// Those whose code starts with `text` or whose name holds it, the upper levels first, at most 50.
    ///
    /// # Errors
    /// As [`Identity::organization`].
    pub async fn search(&self, text: &str) -> Result<Vec<Organization>, IdentityError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let tree = self.tree();
        let mut found: Vec<_> =
            tree.by_code.values().filter(|o| o.code.starts_with(text) || o.name.contains(text)).collect();
        found.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
        Ok(found.into_iter().take(50).cloned().collect())
    }

    /// Whether this person administers the organization: a system administrator each of them, a
    /// department's administrator their own and those below it.
    #[must_use]
    pub fn may_administer(&self, session: &Session, organization: &str) -> bool {
        session.has(PlatformRole::SystemAdmin)
            || (session.has(PlatformRole::DepartmentAdmin)
                && session.organization.as_deref().is_some_and(|own| self.tree().is_within(organization, own)))
    }

    pub(crate) fn tree(&self) -> Arc<Tree> {
        self.inner.organizations.read().clone()
    }

    async fn write_organizations(&self, organizations: Vec<Organization>, by: &str) -> Result<(), IdentityError> {
        if organizations.is_empty() {
            return Ok(());
        }
        let (me, by) = (self.clone(), by.to_owned());
        crate::detached(async move {
            transact!(&me.inner.store, |txn| {
                for o in &organizations {
                    txn.put_as(keys::organization(&o.code), o);
                }
                let what = organizations.first().map_or("", |o| o.code.as_str());
                let count = organizations.len().to_string();
                me.inner.audit_about(None, txn, &by, "organizations.written", what, &count).await?;
                Ok::<_, IdentityError>(())
            })?;
            let mut tree = me.inner.organizations.write();
            for o in organizations {
                Arc::make_mut(&mut tree).insert(o);
            }
            Ok(())
        })
        .await
    }
}

fn keep_dates(mut unit: Organization, tree: &Tree) -> Organization {
    if let Some(old) = tree.by_code.get(&unit.code) {
        unit.valid_from = unit.valid_from.or(old.valid_from);
        unit.valid_to = unit.valid_to.or(old.valid_to);
    }
    unit
}

fn check_division(field: &str, code: &str, level: OrganizationLevel) -> Result<(), IdentityError> {
    let parsed: DivisionCode = code.parse().map_err(|e| IdentityError::refused(field, &e))?;
    let fits = match parsed.level() {
        Level::Province => level == OrganizationLevel::Province,
        Level::City => level == OrganizationLevel::City,
        Level::County => level == OrganizationLevel::County,
        Level::Town => level == OrganizationLevel::Town,
        Level::Village => level == OrganizationLevel::Village,
    };
    if fits && parsed.as_str() == code {
        Ok(())
    } else {
        Err(IdentityError::invalid(
            field,
            "代码与层级不符：县级 6 位、乡级 9 位、村级 12 位",
            "the code does not fit the level: 6 digits for a county, 9 for a town, 12 for a village",
        ))
    }
}

fn parse(csv: &str) -> Result<Vec<Organization>, IdentityError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv.as_bytes());
    let broken = |e: csv::Error| IdentityError::invalid("csv", "不是有效的 CSV 文件", &e.to_string());
    let headers = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| headers.iter().position(|h| h == name);
    let required =
        |name: &str| column(name).ok_or_else(|| IdentityError::invalid(name, "缺少这一列", "this column is missing"));
    let (code, level, name, parent) = (required("code")?, required("level")?, required("name")?, required("parent")?);
    let (from, to) = (column("valid_from"), column("valid_to"));
    let mut units = Vec::new();
    let mut seen = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let at = |column: &str| format!("line {line}, {column}");
        let cell = |i: usize| record.get(i).unwrap_or("");
        let date = |i: Option<usize>, column: &str| match i.map(cell) {
            None | Some("") => Ok(None),
            Some(text) => text.parse::<Date>().map(Some).map_err(|e| IdentityError::refused(&at(column), &e)),
        };
        let unit = Organization {
            code: cell(code).to_owned(),
            level: level_of(cell(level)).ok_or_else(|| {
                IdentityError::invalid(
                    &at("level"),
                    "层级应为 province、city、county、town 或 village",
                    "the level is province, city, county, town or village",
                )
            })?,
            name: cell(name).to_owned(),
            parent: Some(cell(parent).to_owned()).filter(|p| !p.is_empty()),
            valid_from: date(from, "valid_from")?,
            valid_to: date(to, "valid_to")?,
        };
        check_division(&at("code"), &unit.code, unit.level)?;
        check_parent(&at("parent"), &unit)?;
        if unit.name.is_empty() {
            return Err(IdentityError::invalid(&at("name"), "名称不能为空", "the name is empty"));
        }
        if !seen.insert(unit.code.clone()) {
            return Err(IdentityError::invalid(&at("code"), "代码重复", "the code stands there twice"));
        }
        units.push(unit);
    }
    Ok(units)
}

fn check_parent(field: &str, unit: &Organization) -> Result<(), IdentityError> {
    let above = unit.code.parse::<DivisionCode>().ok().and_then(|c| c.parent());
    match (&unit.parent, above) {
        (None, _) => Ok(()),
        (Some(p), Some(above)) if *p == above.as_str() => Ok(()),
        _ => Err(IdentityError::invalid(field, "上级代码与本级代码不符", "the parent's code does not fit the code")),
    }
}

fn level_of(text: &str) -> Option<OrganizationLevel> {
    Some(match text {
        "province" => OrganizationLevel::Province,
        "city" => OrganizationLevel::City,
        "county" => OrganizationLevel::County,
        "town" => OrganizationLevel::Town,
        "village" => OrganizationLevel::Village,
        _ => return None,
    })
}
