//! The help page.

use super::{LAYOUT, Shown};
use crate::domain::money::percent;
use crate::policy;
use maud::html;
use yunlong_sdk::page::card;
use yunlong_sdk::{Request, t};

/// `/help`.
pub(super) fn show(request: &Request) -> Shown {
    let (terms, limits, days) = (policy::terms(1)?, policy::limits()?, policy::margin_days()?);
    let body = html! {
        (card("receipts", request.t("仓单", "Receipts"), html! {
            p { (request.t("货物入库后，仓储企业按批次签发仓单；同一批次的仓单之和不超过在库数量。持有企业可以转让、拆分、合并、提货，或用它申请贷款。", "When goods came in, the warehouse issues receipts on the lot, never for more than lies there. The company that holds one transfers, splits or merges it, takes the goods out, or borrows on it.")) }
            p { (request.t("每张仓单带签发人的签名，任何人都可在核验页凭编号或二维码核验，不显示个人信息。", "Each carries its issuer's signature; anybody verifies it by its number or code, and no person is shown.")) }
            p { (request.t("数量可写“600 吨”或“600000 千克”，只写数字时按吨计。", "Write quantities as “600 t” or “600000 kg”; a number alone is in tonnes.")) }
        }))
        (card("loans", request.t("贷款", "Loans"), html! {
            ol {
                li { (request.t("银行为企业建档；企业在“征信授权”中授权银行查询。", "The bank opens the company's file; the company gives its consent under “Consents”.")) }
                li { (request.t("企业选择仓单提交申请，仓单自此只等这家银行。", "The company applies with receipts, which wait for this bank alone from then on.")) }
                li { (request.t("银行查询征信、审批、双方签署、登记质押、放款；经办与复核须为不同的人。", "The bank checks the credit record and decides; both sign; pledges are registered and the money is paid out. Maker and checker are two people.")) }
                li { (request.t("还款先还息后还本；可在还款后释放部分质物，由未登记过还款的另一位经办人办理。", "Repayments pay interest first; goods may be released as it goes down, by somebody who booked none of the money.")) }
            }
            p { (request.t("质押率上限 ", "Most that is lent ")) (percent(terms.ltv_bps)) " · " (request.t("追加线 ", "margin line ")) (percent(terms.margin_bps)) " · " (request.t("追加期限（工作日） ", "business days to meet a margin call ")) (days) " · " (request.t("价格有效期（天） ", "days that a price holds ")) (limits.price_days) }
        }))
        (card("flows", request.t("三流合一", "Three flows"), html! {
            p { (request.t("卖方以订单建立关联，关联运单和仓单；银行确认付款。订单、运单、仓单、付款一致时，银行才能释放资金，卖方才能结清发票。不一致之处逐条列出。", "The seller links an order with its waybill and receipt, and the bank confirms the payment. When all agree the bank releases the funds, and the invoice settles. Each point in which they do not is named.")) }
        }))
        (card("waybills", request.t("运单", "Waybills"), html! {
            p { (request.t("承运人接受委托后生成运单，依次装车、发车、送达、签收。丢失、破损、拒收不能撤回，委托方会立即得知。", "A carrier makes a waybill of a freight order: loaded, on the way, delivered, signed for. Lost, damaged and refused stay so, and whoever sent it is told at once.")) }
        }))
        (card("sensors", request.t("传感器", "Sensors"), html! {
            p { (request.t("仓库门禁和地磅的读数带签名报送。质押的货物无单出库时，批次的仓单立即冻结，质权银行收到预警；监管人员盘点，货物补足后才能解冻。停用设备或更换密钥，质权银行也会收到预警。", "Gates and scales send signed readings. When pledged goods leave without an order, the lot's receipts are frozen at once and the banks are told; a regulator counts, and once all is made good they go on. The banks hear, too, of a device that is switched off or gets another secret.")) }
        }))
        (card("files", request.t("导出与打印", "Files and paper"), html! {
            p { (request.t("每个列表都可按当前的查找和排序下载 CSV 或 Excel；仓单、合同要素、运单有打印页。", "Each list is downloaded as CSV or for Excel as it is searched and sorted; receipts, terms and waybills have pages for print.")) }
            p { (request.t("程序可以使用同样功能的接口：", "Programs find the same in the API: ")) a href="/openapi.json" { "openapi.json" } }
        }))
        (card("privacy", request.t("个人信息", "Your data"), html! {
            p { (request.t("这里不保存姓名和证件号码。您经办的仓单、贷款和授权按企业账簿保存，可在城市门户“我的数据”中查看。", "No names or documents' numbers are kept. What you worked on stands in the companies' books; see it under “My data” at the portal.")) }
        }))
    };
    Ok(LAYOUT.page(request, &t("帮助", "Help"), body))
}
