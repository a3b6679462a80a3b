//! Denials as people read them: what happened, and who can do what about it.

use yunlong_sdk::shared::SharedError;
use yunlong_sdk::{Error, StatusCode, Text, t};

/// A denial in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The answer's status.
    pub status: StatusCode,
    /// What happened.
    pub title: Text,
    /// What to do, and who.
    pub next: Text,
}

/// A denial in words.
///
/// # Errors
/// What the person at the page can answer by themselves, signing in or consenting: the SDK leads them there
/// and back.
pub fn denied(error: SharedError) -> Result<Denied, Error> {
    let forbidden = |title: Text, next: Text| Ok(Denied { status: StatusCode::FORBIDDEN, title, next });
    let administrator = t(
        "请本部门的管理员在控制台该应用的页面查看申请进度。",
        "Your department's administrator finds the request on the app's page at the console.",
    );
    // One by one, without a rest: a case that the contract adds later is a question to whoever builds this.
    match error {
        error @ (SharedError::NotSignedIn | SharedError::ConsentRequired(_)) => Err(error.into()),
        SharedError::NotGranted(_) => forbidden(
            t("人口信息的提供方尚未批准本应用使用。", "The provider has not granted this data."),
            administrator,
        ),
        SharedError::Expired(at) => forbidden(
            Text::new(
                format!("数据授权已于 {} 到期。", day(&at)),
                format!("The grant of this data expired on {}.", day(&at)),
            ),
            t(
                "请本部门的管理员在控制台重新申请，或请提供方延期。",
                "Your department's administrator asks again at the console, or the provider extends it.",
            ),
        ),
        SharedError::Revoked(at) => forbidden(
            Text::new(
                format!("提供方已于 {} 收回数据授权。", day(&at)),
                format!("The provider revoked this data on {}.", day(&at)),
            ),
            t(
                "收回的理由在控制台该应用的页面。工作请改用其他依据。",
                "The reason is on the app's page at the console. Work without this data until it is granted again.",
            ),
        ),
        SharedError::OtherPurpose(purposes) => forbidden(
            Text::new(
                format!("这些数据只授权用于其他用途：{}。", purposes.join("、")),
                format!("This data is granted for other purposes: {}.", purposes.join(", ")),
            ),
            administrator,
        ),
        SharedError::FieldsNotGranted(fields) => forbidden(
            Text::new(
                format!("提供方没有授权这些信息项：{}。", fields.join("、")),
                format!("The provider does not give these fields: {}.", fields.join(", ")),
            ),
            administrator,
        ),
        SharedError::AccessNotGranted(_) => forbidden(
            t("提供方没有授权以这种方式使用数据。", "The provider does not grant this way of using the data."),
            administrator,
        ),
        SharedError::UnknownDataset(_) => forbidden(
            t("目录中没有这个数据集，或本应用没有声明这项用途。", "The catalogue has no such dataset for this use."),
            t("请通知应用的开发单位。", "Tell the vendor of this app."),
        ),
        SharedError::NotShared(law) => forbidden(
            Text::new(
                format!("该数据集依法不予共享（{law}）。"),
                format!("The law keeps this dataset from being shared ({law})."),
            ),
            t("请改用其他办理方式。", "Do it in another way."),
        ),
        SharedError::RowNotGranted => forbidden(
            t("这条记录不在授权范围内。", "This record is outside of what is granted."),
            t("请由其所在地的社区办理。", "The community where the person is registered can help."),
        ),
        SharedError::RoleRequired(_) => forbidden(
            t("只有社区工作人员可以查阅名册。", "The roster is for community clerks."),
            t("如有需要，请本部门的管理员为您分配岗位。", "Ask your department's administrator for the role."),
        ),
        SharedError::NotAuthority(fields) => forbidden(
            Text::new(
                format!("这些信息项由其他部门负责：{}。", fields.join("、")),
                format!("Another organization answers for these fields: {}.", fields.join(", ")),
            ),
            t("有误的，请在控制台提出疑义核查。", "File a correction at the console if something is wrong."),
        ),
        SharedError::Invalid(_) | SharedError::NotFound | SharedError::TooLarge(_) | SharedError::Conflict => {
            Ok(Denied {
                status: StatusCode::BAD_REQUEST,
                title: t("无法从这里继续。", "It does not go on from here."),
                next: t("请从第一页重新开始。", "Begin again at the first page."),
            })
        }
        SharedError::Unavailable(_) | SharedError::Other(_) => Ok(Denied {
            status: StatusCode::SERVICE_UNAVAILABLE,
            title: t("人口信息暂时无法查询。", "The population database cannot be reached."),
            next: t("没有读取任何数据，请稍后再试。", "Nothing was read. Try again in a moment."),
        }),
    }
}

/// The day of a time.
fn day(rfc3339: &str) -> &str {
    rfc3339.split('T').next().unwrap_or(rfc3339)
}
