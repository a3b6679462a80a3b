//! What the actions of the audit trails are called.

use yunlong_model::Lang;

/// Code, Chinese, English. An action that is not here shows its code alone.
const TITLES: &[(&str, &str, &str)] = &[
    ("abandoned", "安装未完成，已清除", "Unfinished installation removed"),
    ("account.created", "开立账号", "Account opened"),
    ("account.disabled", "停用账号", "Account disabled"),
    ("account.enabled", "启用账号", "Account enabled"),
    ("account.password-set", "修改密码", "Password changed"),
    ("account.reset-issued", "签发重置码", "Reset code issued"),
    ("account.reset-redeemed", "使用重置码", "Reset code used"),
    ("account.role-set", "变更平台角色", "Role on the platform changed"),
    ("account.unlocked", "解除锁定", "Account unlocked"),
    ("alarm", "新版本异常，等待决定", "New version ails, decision needed"),
    ("canary.aborted", "停止灰度发布", "Canary ended"),
    ("canary.started", "开始灰度发布", "Canary started"),
    ("configured", "更改设置", "Configuration changed"),
    ("consent.given", "同意授权", "Consent given"),
    ("consent.withdrawn", "撤回授权", "Consent withdrawn"),
    ("dead-letter.discarded", "丢弃未送达消息", "Undelivered message discarded"),
    ("dead-letter.redriven", "重投未送达消息", "Undelivered message sent again"),
    ("dead-letters.redriven", "批量重投未送达消息", "Undelivered messages sent again"),
    ("export.finished", "应用数据导出完成", "Export of an app's data finished"),
    ("exported", "导出应用数据", "Data of an app exported"),
    ("external.linked", "绑定外部登录", "Outside sign-in linked"),
    ("external.unlinked", "解除外部登录", "Outside sign-in unlinked"),
    ("grant.restored", "恢复权限", "Permission restored"),
    ("grant.revoked", "撤销权限", "Permission revoked"),
    ("indexed", "重建索引", "Indexes built"),
    ("installation.forgotten", "清除应用的人员数据", "People's data of an app removed"),
    ("installed", "安装应用", "App installed"),
    ("job.paused", "暂停定时任务", "Job paused"),
    ("job.resumed", "恢复定时任务", "Job resumed"),
    ("job.run", "手动运行任务", "Job run by hand"),
    ("journal.opened", "下载故障记录", "Journal of a failed request downloaded"),
    ("journals.off", "关闭故障记录", "Journals of failed requests switched off"),
    ("journals.on", "打开故障记录", "Journals of failed requests switched on"),
    ("mandate.acting-began", "开始代办", "Began to act for somebody"),
    ("mandate.acting-ended", "结束代办", "Ceased to act for somebody"),
    ("mandate.given", "出具委托", "Mandate given"),
    ("mandate.revoked", "撤销委托", "Mandate revoked"),
    ("mandate.taken", "接受委托", "Mandate taken"),
    ("migrated", "完成数据迁移", "Data migrated"),
    ("organizations.written", "更新机构", "Organizations written"),
    ("policy.set", "更改安全策略", "Security policy changed"),
    ("recalled", "因召回停止服务", "Stopped by a recall"),
    ("registry.advisories-imported", "导入安全通告", "Advisories imported"),
    ("registry.approved", "应用审核通过", "Version approved"),
    ("registry.assigned", "分配审核员", "Reviewer assigned"),
    ("registry.changes-asked", "要求修改", "Changes asked for"),
    ("registry.checked", "应用检查完成", "Version checked"),
    ("registry.kept", "决定保留版本", "Version kept"),
    ("registry.key-enrolled", "登记供应商密钥", "Vendor key enrolled"),
    ("registry.key-revoked", "吊销供应商密钥", "Vendor key revoked"),
    ("registry.key-rotated", "更换供应商密钥", "Vendor key replaced"),
    ("registry.published", "发布应用版本", "Version published"),
    ("registry.recalled", "召回应用版本", "Version recalled"),
    ("registry.recheck-asked", "要求重新检查", "Check asked for again"),
    ("registry.rejected", "应用审核驳回", "Version rejected"),
    ("registry.withdrawn", "撤回应用版本", "Version withdrawn"),
    ("registry.yanked", "下架应用版本", "Version yanked"),
    ("removed", "卸载应用", "App removed"),
    ("role.assigned", "指派角色", "Role assigned"),
    ("role.revoked", "撤销角色", "Role revoked"),
    ("roles.seen-to", "安装时选定的角色已处理", "Roles chosen at the installation seen to"),
    ("rolled-back", "回退版本", "Rolled back"),
    ("second-factor.failed", "第二因素验证失败", "Second factor refused"),
    ("second-factor.passkey-enrolled", "添加通行密钥", "Passkey added"),
    ("second-factor.passkey-removed", "移除通行密钥", "Passkey removed"),
    ("second-factor.recovery-renewed", "更换备用码", "Recovery codes renewed"),
    ("second-factor.recovery-used", "使用备用码", "Recovery code used"),
    ("second-factor.totp-enrolled", "启用验证器", "Authenticator enrolled"),
    ("second-factor.totp-removed", "停用验证器", "Authenticator removed"),
    ("session.stepped-up", "完成再次验证", "Stepped up"),
    ("sessions.ended", "退出登录", "Sessions ended"),
    ("settled", "确认新版本", "New version settled"),
    ("sign-in.failed", "登录失败", "Sign-in failed"),
    ("sign-in.locked", "登录已锁定", "Sign-in locked"),
    ("sign-in.password-accepted", "密码通过，待第二因素", "Password accepted, second factor due"),
    ("sign-in.provider-accepted", "外部登录通过，待第二因素", "Provider accepted, second factor due"),
    ("sign-in.succeeded", "登录成功", "Signed in"),
    ("uninstall.confirmed", "确认卸载并处理数据", "Removal and erasure confirmed"),
    ("upgrade.automatic", "打开自动升级", "Automatic upgrades switched on"),
    ("upgrade.by-hand", "关闭自动升级", "Automatic upgrades switched off"),
    ("upgrade.refused", "拒绝升级", "Upgrade refused"),
    ("upgraded", "升级版本", "Upgraded"),
];

/// What an action is called.
pub(super) fn title(action: &str, lang: Lang) -> Option<&'static str> {
    let found = TITLES.binary_search_by_key(&action, |(code, ..)| code).ok()?;
    let (_, zh, en) = TITLES[found];
    Some(lang.pick(zh, en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_titles_stand_in_order_and_are_found() {
        assert!(TITLES.is_sorted_by_key(|(code, ..)| code));
        assert!(
            TITLES.iter().all(|(code, zh, en)| title(code, Lang::Zh) == Some(zh) && title(code, Lang::En) == Some(en))
        );
        assert_eq!(title("unheard.of", Lang::Zh), None);
    }
}
