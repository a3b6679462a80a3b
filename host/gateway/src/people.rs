//! What administrators do with accounts and organizations. The console's pages and its JSON API both
//! come through here, so that nothing is checked in one of them alone.

use crate::failure::{Failure, Outcome, kinds};
use crate::view::View;
use yunlong_identity::{
    Account, AccountKind, NewPerson, Organization, OrganizationLevel, PlatformRole, ResetCode, Session,
};

/// Who works with accounts at all.
pub(crate) const STAFF: &[PlatformRole] =
    &[PlatformRole::SystemAdmin, PlatformRole::SecurityAdmin, PlatformRole::DepartmentAdmin];

/// Accounts of one page.
const PAGE: usize = 50;
/// Accounts that are looked at for one page: a department sees few of many.
const SCANNED: usize = 20_000;

/// What is done to an account.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Disable,
    Enable,
    /// Ends a lock before its time.
    Unlock,
    /// Ends all its sessions.
    SignOut,
    /// A one-time code for a new password; with `true` it takes the second factors away as well.
    Reset(bool),
    /// Exactly this role on the platform.
    Role(Option<PlatformRole>),
}

/// At most fifty accounts behind the name `after` whose names start with `prefix`, of those that this
/// person may see; and whether there may be more.
pub(crate) async fn list(view: &View, prefix: &str, after: &str) -> Outcome<(Vec<Account>, bool)> {
    let session = view.one_of(STAFF)?;
    let identity = &view.gateway.services.identity;
    let mut found = Vec::new();
    // The name right before the first one that starts so.
    let mut at = if after > prefix { after.to_owned() } else { before(prefix) };
    let mut scanned = 0;
    while scanned < SCANNED {
        let some = identity.accounts(Some(at.as_str()).filter(|a| !a.is_empty()), 500).await?;
        let Some(last) = some.last() else { return Ok((found, false)) };
        at.clone_from(&last.name);
        scanned += some.len();
        for account in some {
            if !account.name.starts_with(prefix) {
                return Ok((found, false));
            }
            if identity.may_see_account(session, &account) {
                found.push(account);
                if found.len() == PAGE {
                    return Ok((found, true));
                }
            }
        }
    }
    Ok((found, false))
}

/// A text that sorts before every name that starts with `prefix`, and behind all that sort before
/// those: no name has a character that sorts behind `~`.
fn before(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    let Some(last) = text.pop() else { return text };
    if let Some(below) = char::from_u32(u32::from(last).saturating_sub(1)) {
        text.push(below);
        text.push('~');
    }
    text
}

/// An account that this person may see.
pub(crate) async fn get(view: &View, name: &str) -> Outcome<Account> {
    let session = view.one_of(STAFF)?;
    let identity = &view.gateway.services.identity;
    // Another department's account is not there.
    let found = identity.account(name).await?.filter(|a| identity.may_see_account(session, a));
    found.ok_or_else(|| {
        Failure::not_found().because(format!("没有账号“{name}”"), format!("There is no account `{name}`"))
    })
}

/// Opens an account; its owner sets the password with the code.
pub(crate) async fn open(view: &View, new: NewPerson) -> Outcome<ResetCode> {
    let session = view.one_of(&[PlatformRole::SystemAdmin, PlatformRole::DepartmentAdmin])?;
    let identity = &view.gateway.services.identity;
    if !identity.may_open_account(session, new.kind, new.organization.as_deref()) {
        return Err(Failure::new(kinds::FORBIDDEN).because(
            "部门管理员只能为本部门及下级开设工作人员账号。",
            "A department's administrator opens officials' accounts of its own organization and those below.",
        ));
    }
    identity.open_account(new, &session.account).await.map_err(named)
}

/// Refusals that belong to a field of the form.
fn named(e: yunlong_identity::IdentityError) -> Failure {
    use yunlong_formats::Explain as _;
    use yunlong_identity::IdentityError;
    match e {
        IdentityError::NameTaken(_) => Failure::new(kinds::CONFLICT).field("name", e.zh(), e.en()),
        IdentityError::NoSuchOrganization(_) => Failure::new(kinds::INVALID).field("organization", e.zh(), e.en()),
        IdentityError::ResidentIdTaken => Failure::new(kinds::CONFLICT).field("resident_id", e.zh(), e.en()),
        e => e.into(),
    }
}

/// Does something to an account.
pub(crate) async fn act(view: &View, name: &str, act: Act) -> Outcome<Option<ResetCode>> {
    let session = view.one_of(STAFF)?;
    let account = get(view, name).await?;
    let identity = &view.gateway.services.identity;
    let allowed = match act {
        Act::Role(_) => identity.may_empower(session, &account),
        _ => identity.may_control_account(session, &account),
    };
    if !allowed {
        return Err(not_yours(session, &account));
    }
    view.step_up_for(&format!("/accounts/{name}"))?;
    let by = &session.account;
    match act {
        Act::Disable => identity.set_disabled(name, true, by).await?,
        Act::Enable => identity.set_disabled(name, false, by).await?,
        Act::Unlock => identity.unlock(name, by).await?,
        Act::SignOut => identity.sign_out_everywhere(name, by).await?,
        Act::Reset(clears) => return Ok(Some(identity.issue_reset(name, clears, by).await?)),
        Act::Role(role) => identity.set_platform_role(name, role, by).await?,
    }
    Ok(None)
}

fn not_yours(session: &Session, account: &Account) -> Failure {
    let failure = Failure::new(kinds::FORBIDDEN);
    if session.account == account.name {
        failure.because("不能对自己的账号这样做。", "Nobody does this to their own account.")
    } else {
        failure.because(
            "这需要安全管理员；本部门没有平台角色的工作人员账号，也可由部门管理员处理。",
            "This is for the security administrator; for officials of a department that have no role on the platform, also for its administrator.",
        )
    }
}

/// Adds a department or a vendor below an organization that this person administers.
pub(crate) async fn add_organization(view: &View, new: Organization) -> Outcome<()> {
    let session = view.one_of(&[PlatformRole::SystemAdmin, PlatformRole::DepartmentAdmin])?;
    let identity = &view.gateway.services.identity;
    if !matches!(new.level, OrganizationLevel::Department | OrganizationLevel::Vendor) {
        return Err(Failure::new(kinds::INVALID).field(
            "level",
            "这里只添加部门和供应商；行政区划随系统更新。",
            "Departments and vendors are added here; divisions come with the system.",
        ));
    }
    let Some(parent) = &new.parent else {
        return Err(Failure::new(kinds::INVALID).field(
            "parent",
            "请填写上级组织的代码。",
            "Give the code of the organization above.",
        ));
    };
    crate::console::may_administer(view, parent)?;
    // One that exists is changed by whoever administers it as it is now.
    if let Some(now) = identity.organization(&new.code).await? {
        crate::console::may_administer(view, &now.code)?;
    }
    identity.add_organization(new, &session.account).await.map_err(|e| match e {
        yunlong_identity::IdentityError::NoSuchOrganization(_) => {
            use yunlong_formats::Explain as _;
            Failure::new(kinds::INVALID).field("parent", e.zh(), e.en())
        }
        e => e.into(),
    })
}

/// The kind that is written so.
pub(crate) fn kind(text: &str) -> Outcome<AccountKind> {
    match text {
        "citizen" => Ok(AccountKind::Citizen),
        "official" => Ok(AccountKind::Official),
        "vendor" => Ok(AccountKind::Vendor),
        _ => Err(Failure::new(kinds::INVALID).field(
            "kind",
            "类型应为 citizen、official 或 vendor。",
            "The kind is citizen, official or vendor.",
        )),
    }
}

/// The level that is written so.
pub(crate) fn level(text: &str) -> Outcome<OrganizationLevel> {
    match text {
        "department" => Ok(OrganizationLevel::Department),
        "vendor" => Ok(OrganizationLevel::Vendor),
        _ => Err(Failure::new(kinds::INVALID).field(
            "level",
            "层级应为 department 或 vendor。",
            "The level is department or vendor.",
        )),
    }
}

/// The role that is written so; `none` for none.
pub(crate) fn role(text: &str) -> Outcome<Option<PlatformRole>> {
    match text {
        "none" | "" => Ok(None),
        name => match PlatformRole::from_name(name) {
            Some(role) => Ok(Some(role)),
            None => Err(Failure::new(kinds::INVALID).field(
                "role",
                "没有这个平台角色。",
                "The role is system-admin, security-admin, audit-admin, department-admin or none.",
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::before;

    #[test]
    fn the_search_begins_right_before_the_first_name() {
        for (prefix, name) in [("ci", "ci"), ("citizen-1", "citizen-1"), ("a", "aaa"), ("citizen-", "citizen-001")] {
            assert!(before(prefix).as_str() < name, "{prefix}");
        }
        assert!(before("city").as_str() > "citizen-999" && before("").is_empty());
    }
}
