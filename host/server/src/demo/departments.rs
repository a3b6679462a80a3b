//! The departments of the demo that run apps, the companies whose people work with them, and who holds which role.
//!
//! Codes are synthetic: their check digits are right, and nobody has them. Those of companies are the ones that the
//! sample of `logistics-finance` tells of, so that its banks, warehouse and carrier find their work.

use yunlong_identity::OrganizationLevel::{self, Department};
use yunlong_identity::PlatformRole;

/// The department that sells tickets.
pub(crate) const TOURISM: &str = "11320300MB000YL15P";
/// The department that supervises the finance of logistics.
const FINANCE: &str = "11320300MB000YL74T";
/// The department that runs rural e-commerce.
const COMMERCE: &str = "11320300MB000YL82M";
/// The department that shares teaching resources.
const EDUCATION: &str = "11320300MB000YL90G";
const BANK_1: &str = "91320300MA000TXA86";
const BANK_2: &str = "91320300MA000TXB61";
const WAREHOUSE: &str = "91320300MA000TX9X6";
const CARRIER: &str = "91320300MA000TXC4U";

/// Code, level and name; all stand right below the city.
pub(super) const ORGANIZATIONS: [(&str, OrganizationLevel, &str); 8] = [
    (TOURISM, Department, "徐州市文化广电和旅游局（示例）"),
    (FINANCE, Department, "徐州市地方金融管理局（示例）"),
    (COMMERCE, Department, "徐州市商务局（示例）"),
    (EDUCATION, Department, "徐州市教育局（示例）"),
    (BANK_1, Department, "徐州示例银行一号"),
    (BANK_2, Department, "徐州示例银行二号"),
    (WAREHOUSE, Department, "徐州示例仓储一号有限公司"),
    (CARRIER, Department, "徐州示例物流一号有限公司"),
];

/// An official's account, organization, title and platform roles.
type Official = (&'static str, &'static str, &'static str, &'static [PlatformRole]);

const ADMIN: &[PlatformRole] = &[PlatformRole::DepartmentAdmin];

/// Who works there.
pub(super) const OFFICIALS: [Official; 20] = [
    ("tourism-admin", TOURISM, "文旅管理员", ADMIN),
    ("tourism-gate", TOURISM, "检票员", &[]),
    ("finance-admin", FINANCE, "金融监管员", ADMIN),
    ("bank-1-maker", BANK_1, "银行一号经办员", &[]),
    ("bank-1-checker", BANK_1, "银行一号复核员", &[]),
    ("bank-2-maker", BANK_2, "银行二号经办员", &[]),
    ("bank-2-checker", BANK_2, "银行二号复核员", &[]),
    ("warehouse-1", WAREHOUSE, "仓储一号保管员", &[]),
    ("carrier-1", CARRIER, "物流一号调度员", &[]),
    ("commerce-admin", COMMERCE, "商务管理员", ADMIN),
    ("commerce-inspector", COMMERCE, "农产品检测员", &[]),
    ("commerce-arbiter", COMMERCE, "纠纷仲裁员", &[]),
    ("station-1", COMMERCE, "村级服务站站长", &[]),
    ("education-admin", EDUCATION, "市教育局管理员", ADMIN),
    ("education-county-1", EDUCATION, "县级审核员一号", &[]),
    ("education-county-2", EDUCATION, "县级审核员二号", &[]),
    ("school-1", EDUCATION, "学校管理员", &[]),
    ("school-2", EDUCATION, "学校审核员", &[]),
    ("teacher-1", EDUCATION, "教师一号", &[]),
    ("teacher-2", EDUCATION, "教师二号", &[]),
];

/// An account and the roles that it gets, as far as the app declares them.
type Holder = (&'static str, &'static [&'static str]);

/// Who holds which roles of an app. Of apps that the demo does not know (a vendor's own) the tourism department has
/// the usual ones.
pub(super) fn roles(app: &str) -> &'static [Holder] {
    match app {
        "logistics-finance" => &[
            ("finance-admin", &["regulator"]),
            ("bank-1-maker", &["bank"]),
            ("bank-1-checker", &["bank"]),
            ("bank-2-maker", &["bank"]),
            ("bank-2-checker", &["bank"]),
            ("warehouse-1", &["warehouse"]),
            ("carrier-1", &["carrier"]),
        ],
        "rural-ecommerce" => &[
            ("commerce-admin", &["manager"]),
            ("commerce-inspector", &["inspector"]),
            ("commerce-arbiter", &["arbiter"]),
            ("station-1", &["station"]),
        ],
        "education-resources" => &[
            ("education-admin", &["bureau"]),
            ("education-county-1", &["county"]),
            ("education-county-2", &["county"]),
            ("school-1", &["school"]),
            ("school-2", &["school"]),
            ("teacher-1", &["teacher"]),
            ("teacher-2", &["teacher"]),
        ],
        _ => &[("tourism-admin", &["admin", "manager"]), ("tourism-gate", &["gate"])],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn whoever_holds_a_role_has_an_account_of_a_department_that_there_is() {
        let organizations: BTreeSet<&str> = ORGANIZATIONS.iter().map(|o| o.0).collect();
        let accounts: BTreeSet<&str> = OFFICIALS.iter().map(|o| o.0).collect();
        assert_eq!(accounts.len(), OFFICIALS.len(), "two of one name");
        assert!(OFFICIALS.iter().all(|o| organizations.contains(o.1)));
        for app in ["tourism-ticketing", "logistics-finance", "rural-ecommerce", "education-resources"] {
            assert!(roles(app).iter().all(|(account, _)| accounts.contains(account)), "{app}");
        }
    }
}
