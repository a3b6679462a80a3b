//! Help in plain words, and what each problem type means.

use crate::failure::{Outcome, kinds};
use crate::layout::Page;
use crate::view::View;
use maud::{Markup, html};

/// Sections: anchor, heading, paragraphs; Chinese and English.
type Section = (&'static str, (&'static str, &'static str), &'static [(&'static str, &'static str)]);

const SECTIONS: &[Section] = &[
    (
        "start",
        ("怎么开始", "How to begin"),
        &[(
            "在首页选择一项服务即可使用。需要确认身份时，会请您登录，登录后自动回到刚才的页面。",
            "Choose a service on the home page. When it must know who you are, it asks you to sign in and then leads you back.",
        )],
    ),
    (
        "sign-in",
        ("登录", "Signing in"),
        &[
            (
                "一个账号可用于全部服务。连续输错密码多次，账号会暂时锁定，页面会写明何时解除。",
                "One account serves all services. Repeated wrong passwords lock it for a while; the page says until when.",
            ),
            (
                "忘记密码，请携带身份证到就近的政务服务窗口办理：工作人员核对后给您一个一次性代码，在登录页点“有一次性代码”设置新密码。我们从不用“密码问题”找回账号。",
                "If you have forgotten the password, go to a service window with your ID card: you get a one-time code and set a new password with it, by the link on the sign-in page. There are no security questions.",
            ),
            (
                "在“我的账号”里可以更改密码、查看在哪里登录过、退出其他设备。发现不认识的登录，请全部退出并更改密码。",
                "Under “Your account” you change the password, see where you are signed in and end sessions. If you do not know one, sign out everywhere and change the password.",
            ),
        ],
    ),
    (
        "second-factor",
        ("第二重验证", "Second factor"),
        &[
            (
                "设置后，登录除密码外还要输入验证器应用的六位验证码，或使用通行密钥。验证器应用不需要联网，也不需要网页脚本。",
                "Once it is set up, signing in takes a code of your authenticator app, or a passkey, beside the password. The app needs no network, and the page no script.",
            ),
            (
                "手机不在身边时，用设置时保存的恢复码登录，每个只能用一次。恢复码也没有了，请到服务窗口（工作人员请找安全管理员）办理重置。",
                "When the phone is not at hand, use one of the recovery codes that you kept; each is good once. Without those, go to a service window (officials: to the security administrator) for a reset.",
            ),
        ],
    ),
    (
        "mandates",
        ("委托代办", "Acting for somebody else"),
        &[
            (
                "在“我的账号 → 委托代办”里，您可以委托别人替您办事：选择服务和期限，把得到的一次性代码亲自交给对方。对方看不到您的个人信息，您可以随时撤销，立即生效。",
                "Under “Your account → Acting for somebody else” you let somebody act in your name: choose services and time, and hand them the one-time code. They see none of your personal data. You may revoke it at any time, at once.",
            ),
            (
                "替别人办事时，本平台页面的页眉会写明您正在为谁代办。企业的法定代表人先到窗口核验材料登记，再为员工开具委托。",
                "While you act for somebody, the platform's header says for whom. A company's legal representative is recorded at a window first, after the papers were checked, and then gives mandates to its people.",
            ),
        ],
    ),
    (
        "apps",
        ("应用目录", "Catalogue of apps"),
        &[
            (
                "“应用目录”列出各部门可以安装的应用，不需要登录。可以按名称、用途或开发商搜索，也可以按分类查看。每个应用都写明谁开发、谁审核、能看到您的哪些信息、在哪些部门已经开通。",
                "The catalogue lists the apps that departments can install; you need not sign in. Search by name, purpose or vendor, or look through the categories. Each app says who made it, who reviewed it, what it can see of you, and where it is open.",
            ),
            (
                "“已下架”的版本不再提供安装，页面写明原因；已经在用的可以继续运行，直到升级。“已召回”的版本不得再运行：使用它的服务立即停止，数据保留，部门换用其他版本后恢复。",
                "A version that was yanked is offered no longer, and the page says why; where it runs it goes on until it is upgraded. One that was recalled may not run any more: a service that runs it stops at once, keeps its data, and comes back when its department has another version.",
            ),
            (
                "应用目录只说明应用申请什么。能不能读取您的个人信息，还要看部门是否批准、您是否同意：请到“我的数据”查看。",
                "The catalogue says what an app asks for. Whether it reads your data depends on its department and on your consent besides: look under “My data”.",
            ),
            (
                "给专业人士：每个版本都有公开日志的证明。下载后用独立程序 yunlong-verify 检查，它不依赖本平台的代码。",
                "For experts: each version has a proof from the public log. Download it and check it with the independent yunlong-verify, which uses no code of this platform.",
            ),
        ],
    ),
    (
        "messages",
        ("消息目录", "Catalogue of messages"),
        &[
            (
                "各部门的应用靠消息协作，例如乡村电商的订单请物流来取货。“消息目录”列出平台和应用向其他应用开放的消息、它们的内容和接收者，不需要登录。",
                "Departments’ apps work together by messages: an order of the rural shop asks the carrier to fetch it. The catalogue lists what the platform and the apps tell others, what is in it and who receives it; you need not sign in.",
            ),
            (
                "要接收另一个应用的消息，应用在 app.toml 里写明，由安装它的部门批准；发布的一方也要声明向全市开放。消息里不该有个人信息，审核时会检查。",
                "An app that would receive another’s messages says so in its app.toml, and the department that installs it approves; the publisher has opened the topic to the city. Personal data does not belong into messages: reviews look for it.",
            ),
        ],
    ),
    (
        "consents",
        ("个人信息授权", "Consents"),
        &[
            (
                "各服务只能看到一个代号，看不到您的账号、姓名和证件号码。服务需要这些信息时，会说明用途并征得您同意。",
                "A service sees a pseudonym, not your account, name or ID number. When it needs them, it says what for and asks.",
            ),
            (
                "您可以随时在“我的数据 → 授权”撤回。撤回后，该服务立即不能再查看。",
                "You can take a consent back at any time under “My data → Consents”; it takes effect at once.",
            ),
        ],
    ),
    (
        "my-data",
        ("我的数据", "My data"),
        &[
            (
                "“我的数据”列出部门登记的、各应用保存的关于您的信息，以及谁在什么时候、为了什么读取过。被拒绝的读取也在其中。",
                "“My data” lists what departments and apps hold about you, and who read it, when and what for. Reads that were refused are there, too.",
            ),
            (
                "每条读取记录旁都有“核验”：点开就能看到它有没有被改动、哪些平台以外的见证方副署过。日志像一本逐页盖章的账簿，改动任何一条，后面的印记就对不上。不愿意只听平台的，可以请懂行的人按页面下方“给专业人士”的步骤，用独立程序检查。",
                "Beside each entry stands “Verify”: it shows whether the entry was changed, and which witnesses outside of the platform cosigned it. The log is like a book whose every page carries a seal over all before it. If the platform’s word is not enough for you, somebody who knows computers can check it with an independent program, by the steps “For experts” at the foot of that page.",
            ),
            (
                "内容有误、空缺或者应当为空，请在该信息项旁点“申请更正”；整条登记说的不是您，点它下面的“这条登记不是我的”；应当有登记却没有，点“申请补登”。由负责的部门核查并答复，结果会发到“消息”。",
                "If an item is wrong, missing, or should be empty, choose “Correct” beside it. If a whole record is not about you, choose “This record is not about me” below it; if a record is missing, ask for it to be entered. The department that answers for it looks into it and tells you in the inbox.",
            ),
            (
                "您可以下载全部信息的副本，也可以要求应用删除您的信息；依法必须保留的会写明依据。设有第二重验证的，显示遮掩的内容、下载副本和删除之前会再验证一次。",
                "You can take a copy of everything, and have apps erase your data; where a law demands to keep it, the law is named. If you have a second factor, it is asked for before anything covered is shown, a copy is taken, or data is erased.",
            ),
            (
                "办事时如果提示“没有读取到数据”，多半是您没有同意、撤回了同意，或者部门之间的授权已到期：可在“授权”页查看，或者按页面提示改用其他证明。",
                "When a service says that it could not read your data, you have not consented, took it back, or the grant between the departments has ended: look under “Consents”, or show another proof as the page says.",
            ),
        ],
    ),
    (
        "payments",
        ("支付", "Payments"),
        &[
            (
                "目前的收银台是模拟收银台，不会产生真实扣款。",
                "The cashier is a sandbox for now: no real money is taken.",
            ),
            (
                "付款后若页面没有及时更新，请不要重复付款，稍后在“我的订单”查看结果。",
                "If the page does not change after paying, do not pay twice; look under “My orders” a little later.",
            ),
            (
                "标明“由平台托管”的付款，先由平台保管，您在服务中确认之后才付给收款方；确认之前可以按服务的规则申请退款。托管了多少、付给了谁、退回了多少，都列在这笔付款的页面上。",
                "What is marked as held in escrow is kept by the platform until you confirm in the service; until then you can ask for a refund by the service's rules. The payment's page lists how much is held, who was paid and what was returned.",
            ),
        ],
    ),
    (
        "inbox",
        ("消息", "Inbox"),
        &[("各服务给您的通知都在“消息”页。", "Everything that services tell you is in the inbox.")],
    ),
    (
        "accessibility",
        ("无障碍", "Accessibility"),
        &[
            (
                "点击页面上方的“长辈版”，文字和按钮会变大。所有页面都可以只用键盘操作，放大到 200% 不会丢失内容，也不依赖脚本。",
                "“Elder mode” at the top makes type and buttons larger. Every page works with the keyboard alone, at 200 % zoom and without scripts.",
            ),
            (
                "页面按照 WCAG 2.2 AA 级和 GB/T 37668 制作。如遇到障碍，请向服务的主管部门反映。",
                "Pages are made to WCAG 2.2 AA and GB/T 37668. If something stands in your way, tell the service's department.",
            ),
        ],
    ),
];

/// For officials, at the console.
const CONSOLE: &[Section] = &[
    (
        "install",
        ("安装应用", "Installing an app"),
        &[
            (
                "在“安装”页选择通过审核的应用。应用页用通俗的文字列出它能做什么，并有审核意见、版本、更新内容和截图。选择部门，填写设置，指派角色，逐项核对并批准权限。",
                "Under “Install” choose an app that was approved. Its page says in plain words what it may do, with the reviewer’s remarks, versions, changes and screenshots. Choose the department, fill in the configuration, assign roles, and approve each permission.",
            ),
            (
                "大的组件编译需要几分钟：页面显示进度，离开后安装继续进行。",
                "A large component takes minutes to compile: the page shows how far it is, and the installation goes on when you leave it.",
            ),
            (
                "网址名安装后不能更改，卸载后也不再分配，因为市民的浏览器会记住它。",
                "The name cannot change later and is never given out again, since citizens' browsers remember it.",
            ),
        ],
    ),
    (
        "reviews",
        ("应用审核", "App reviews"),
        &[
            (
                "供应商在“应用审核”里上传签名的安装包，或用 yunlong publish 发布。平台先读组件本身：能调用哪些接口、是否与声明相符、与上一版本有何差别、有无已知漏洞，并做死循环、耗尽内存、超大应答试验。有一项未通过，就不能审核。",
                "Vendors upload a signed package under “App reviews”, or use `yunlong publish`. The platform reads the binary first: what it can call, whether that fits what it declares, how it differs from the version before, known vulnerabilities; and it tries loops, memory and oversize answers. With one check failed there is no review.",
            ),
            (
                "审核员点“由我审核”领取，不能审核本单位的应用。可以要求修改（供应商以同一版本号重新上传）、驳回（这个版本不能再提交）或通过。通过和驳回会再确认一次，意见随版本公开。",
                "A reviewer takes it with “I review it”, never an app of their own organization. They ask for changes (the vendor uploads the same version again), reject (this version cannot be submitted again) or approve. Approving and rejecting are confirmed once more; the remark is public with the version.",
            ),
            (
                "发布、审核、下架和密钥变更都写入公开日志，任何人都可以下载证明核验。",
                "Publications, reviews, yanks and changes of keys are in the public log, and anybody can download the proofs.",
            ),
        ],
    ),
    (
        "upgrades",
        ("升级", "Upgrades"),
        &[
            (
                "升级页列出新增、减少和不变的权限，新增的须逐项批准。在应用的“版本”页可以打开自动升级：不新增权限、又能自动退回的版本，通过审核后自动升级；其余版本等待您决定，显示在控制台首页。",
                "The page of an upgrade lists which permissions are new, gone and unchanged; what is new is approved one by one. Under “Versions” you can switch on automatic upgrades: a version that asks for nothing more and can be rolled back by itself is taken once it is approved. Others wait for you, on the console’s front page.",
            ),
            (
                "新版本有十分钟观察期，健康检查失败或出错明显增多会自动退回，并说明原因。",
                "A new version is watched for ten minutes: when it is not well or fails much more often, it is rolled back by itself, and says why.",
            ),
        ],
    ),
    (
        "permissions",
        ("权限与角色", "Permissions and roles"),
        &[
            (
                "每项权限都可以随时撤销，应用的下一次调用即失效，无需停用应用。",
                "Each permission can be revoked at any time; it takes effect at the app's next call, without stopping it.",
            ),
            (
                "角色由应用定义，由部门指派给工作人员，例如检票员。账号名就是本人登录用的名称。",
                "Roles are the app's, such as a gate officer; the department assigns them. The account is the name with which the person signs in.",
            ),
        ],
    ),
    (
        "look-after",
        ("日常查看", "Looking after an app"),
        &[
            (
                "市民看到的出错页面上有请求编号，在应用的“日志”里可以按编号找到原因。",
                "An error page shows the citizen a request number; the app's log has the reason under the same number.",
            ),
            (
                "应用多次处理失败的消息保存在“未送达消息”，排除原因后可以重新投递，不会丢失。",
                "Messages that the app failed to handle are kept under “Dead letters” and can be delivered again once the cause is gone; nothing is lost.",
            ),
            (
                "“暂停服务”后应用不再应答，数据和消息都保留，随时可以恢复；“卸载”会永久删除全部数据，请先“导出数据”并归档依法须留存的内容。",
                "A paused app answers nobody, keeps its data and messages, and can be resumed at any time; uninstalling deletes everything for good, so export its data first and file what a law demands to keep.",
            ),
        ],
    ),
    (
        "hub",
        ("信息资源", "Information hub"),
        &[
            (
                "“目录”里是各部门登记的信息资源。提供部门登记、发布、撤回，并决定共享属性；不予共享的须列明法律依据。涉密数据和核心数据不得登记。",
                "The catalogue holds what departments register. The provider registers, publishes and withdraws, and sets the terms of sharing; “not shared” cites the law. Classified and core data must not be registered.",
            ),
            (
                "应用安装时自动按清单提出申请。提供部门在“申请”页受理和决定：可以少给（去掉信息项、遮掩、缩小范围、缩短期限），不能多给；不批准要写明理由。应用每次读取都按当时的授权重新判断。",
                "Installing an app files what its manifest asks for. The provider accepts and decides: less may be given (fewer items, masks, rows, time), never more; a refusal says why. Each read is decided anew by the grant as it stands.",
            ),
            (
                "“疑义核查”是市民和部门提出的更正：受理后由权威部门核查，更正或者说明不更正的理由。",
                "Corrections come from citizens and departments: the authority looks into them, and corrects the record or says why not.",
            ),
            (
                "“数据质量”按信息资源列出完整性、及时性和未办结的更正。",
                "Quality lists completeness, freshness and open corrections for each dataset.",
            ),
        ],
    ),
    (
        "audit",
        ("审计日志", "Audit log"),
        &[
            (
                "每次读取个人信息、授权、更正和管理操作，都在答复之前写入一棵散列树，并由见证方副署。审计管理员可以查询、导出；导出的日志用独立程序 yunlong-verify 核验，它会指出第一处不符。",
                "Every read of personal data, grant, correction and act of an administrator is written into a hash tree before it is answered, and witnesses cosign it. The audit administrator searches and exports it; the independent yunlong-verify checks the export and names the first fault.",
            ),
            (
                "审计管理员自己的查询、导出和销毁也是记录。内容在保存期满后自动销毁，或者在销户时依申请提前销毁；摘要永久保留。",
                "The audit administrator’s own searches, exports and erasures are entries, too. Contents are destroyed when their time is over, or earlier when an account is closed; digests stay for ever.",
            ),
        ],
    ),
    (
        "keys",
        ("供应商密钥", "Vendor keys"),
        &[(
            "只有登记过的密钥签名的安装包才能安装。登记前，请通过电话等另一渠道与供应商核对密钥编号；密钥泄露时请立即吊销。",
            "Only packages signed with an enrolled key can be installed. Before you enroll one, compare its id with the vendor over another channel; revoke it at once when it leaks.",
        )],
    ),
];

pub(crate) async fn page(view: View) -> Outcome {
    let title = view.t("帮助", "Help");
    let console = view.site == Some(crate::Site::Console);
    let sections: Vec<&Section> = CONSOLE.iter().filter(|_| console).chain(SECTIONS).collect();
    let content = html! {
        h1 { (title) }
        nav.toc aria-label=(view.t("本页内容", "On this page")) {
            ul { @for (id, heading, _) in &sections { li { a href={ "#" (id) } { (view.t(heading.0, heading.1)) } } } }
        }
        @for (id, heading, paragraphs) in &sections {
            section.card {
                h2 #(id) { (view.t(heading.0, heading.1)) }
                @for (zh, en) in *paragraphs { p { (view.t(zh, en)) } }
            }
        }
        p { a href={ (view.gateway.origins.portal()) "/help/problems" } { (view.t("提示信息的含义", "What the error messages mean")) } }
    };
    super::page(&view, &Page::new(title, "/help"), content).await
}

pub(super) async fn problems(view: View) -> Outcome {
    let title = view.t("提示信息的含义", "What the error messages mean");
    let content = html! {
        h1 { (title) }
        p { (view.t("程序收到的错误（RFC 9457）以这里的地址作为类型。求助时请提供页面上的请求编号。", "Errors that programs get (RFC 9457) have an address on this page as their type. When you ask for help, give the request number.")) }
        @for kind in kinds::ALL { (problem(&view, kind)) }
    };
    super::page(&view, &Page::new(title, "/help"), content).await
}

fn problem(view: &View, kind: &crate::Kind) -> Markup {
    html! {
        section.card {
            h2 #(kind.slug) { (view.t(kind.title.0, kind.title.1)) }
            p { (view.t(kind.advice.0, kind.advice.1)) }
            p.muted { code { (kind.slug) } " · HTTP " (kind.status) }
        }
    }
}
