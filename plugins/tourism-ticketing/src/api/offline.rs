//! Gates without a network, as the API sees them. For gate officers; managers see every batch.

use super::types::*;
use super::{answer, wrong};
use crate::domain::batch::{Judged, Scan};
use crate::domain::time::rfc3339;
use crate::service::offline::{self, Listed, Upload};
use crate::service::orders::{GATE, MANAGER};
use crate::service::{Refusal, manage};
use crate::store::Batch;
use yunlong_sdk::{Input, Operation, Router, StatusCode, t};

/// Adds the operations.
pub(super) fn routes(router: Router) -> Router {
    router
        .operation(
            Operation::get("/api/gates/list", "getGateList")
                .tag("gates")
                .summary("The tickets that open an attraction's gate today, for a gate that will have no network")
                .description("For gate officers. The list holds no key and no ticket's number: `key` is the first twelve characters of the base 32 of SHA-256(`yunlong-ticket.list.` + the first thirteen characters of a code). An anchor proves the codes of its hour: hash the code's last twelve characters forward, `v = base32(SHA-256(\"yunlong-ticket.\" + ticket + \".\" + v))`, twelve characters each; after `i + 1` steps the anchor of the hour is met by the code of its window `i`. Slots of yesterday and tomorrow that are open within the hours of the list are in it. `document_check` is the first two characters of the base 32 of SHA-256(`yunlong-ticket.document.` + key + `.` + kind + `.` + number), the kind `resident-id` or `passport`, the number in capitals without blanks and hyphens: together with the last characters in `document` it finds the ticket of a document. Ask again before the anchors end.")
                .query::<GateListQuery>()
                .signed_in()
                .problem(403, "The role `gate` is needed")
                .problem(404, "There is no such attraction"),
            |r, input: Input<(), GateListQuery>| {
                r.require_role(&[GATE])?;
                answer(r, list(&input.query.attraction, input.query.after))
            },
        )
        .operation(
            Operation::post("/api/gates/batches", "uploadBatch")
                .tag("gates")
                .summary("Bring back what a gate scanned without a network")
                .description("For gate officers. The batch is kept whole before its scans are judged; poll `getBatch` until it is `reconciled` or `conflict`. Uploading it again under its number answers the first, however often. A code is dated by itself; a gate corrects its clock by the list's `now`. However late a batch comes, an admission that happened is recorded.")
                .body::<UploadBatch>()
                .status(StatusCode::ACCEPTED)
                .signed_in()
                .problem(403, "The role `gate` is needed")
                .problem(422, "`invalid-fields` points at each field; `batch-reused`: the number was used for another batch"),
            |r, input: Input<(), (), UploadBatch>| {
                let officer = r.require_role(&[GATE])?.subject.clone().unwrap_or_default();
                answer(r, upload(input.body, &officer))
            },
        )
        .operation(
            Operation::get("/api/gates/batches/{number}", "getBatch")
                .tag("gates")
                .summary("What became of a batch of one's own")
                .path::<BatchPath>()
                .signed_in()
                .problem(403, "The role `gate` is needed")
                .problem(404, "The officer uploaded no such batch"),
            |r, input: Input<BatchPath>| {
                let officer = r.require_role(&[GATE])?.subject.clone().unwrap_or_default();
                answer(r, offline::get(&input.path.number, &officer).map(BatchBody::from))
            },
        )
        .operation(
            Operation::get("/api/gates/batches", "listBatches")
                .tag("gates")
                .summary("The batches of all gates, the newest first")
                .description("For managers.")
                .query::<PageQuery>()
                .signed_in()
                .problem(403, "The role `manager` is needed")
                .problem(422, "`limit` is not 1 to 100"),
            |r, input: Input<(), PageQuery>| {
                r.require_role(&[MANAGER])?;
                answer(r, batches(input.query))
            },
        )
}

fn list(attraction: &str, after: Option<String>) -> Result<GateList, Refusal> {
    manage::attraction(attraction)?;
    let list = offline::list(attraction, after)?;
    let ticket = |l: Listed| GateTicket {
        key: l.key,
        pass: l.pass,
        document_check: l.document_check,
        name: l.name,
        document: l.document,
        concession: l.concession,
        from: l.from,
        until: l.until,
        used: l.used,
        anchors: l.anchors,
    };
    Ok(GateList {
        attraction: attraction.to_owned(),
        now: list.now,
        hour: list.hour,
        code_seconds: list.seconds,
        tickets: list.tickets.into_iter().map(ticket).collect(),
        next: list.next,
    })
}

fn upload(body: UploadBatch, officer: &str) -> Result<BatchBody, Refusal> {
    let scans = body
        .scans
        .into_iter()
        .map(|s| Scan { code: s.code, at: s.at, seconds: s.code_seconds, pass: s.pass })
        .collect();
    let gate = body.gate.trim().to_owned();
    let device = body.device.map(|d| d.trim().to_owned()).filter(|d| !d.is_empty());
    let new = Upload { number: body.number, attraction: body.attraction, gate, device, scans };
    Ok(offline::upload(&new, officer)?.into())
}

fn batches(query: PageQuery) -> Result<BatchList, Refusal> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(wrong("/limit", t("每页 1 至 100 条", "1 to 100 a page")));
    }
    let page = offline::batches(limit, query.after)?;
    Ok(BatchList { batches: page.items.into_iter().map(|b| b.value.into()).collect(), next: page.next })
}

impl From<Batch> for BatchBody {
    fn from(b: Batch) -> Self {
        let conflict = |(scan, j): (usize, &Judged)| BatchConflict {
            scan,
            verdict: j.verdict.code().to_owned(),
            order: j.order.clone(),
            ticket: j.visitor,
            at: j.at.map(rfc3339),
            first_at: j.first_at.map(rfc3339),
            first_gate: j.first_gate.clone(),
        };
        let judged = || b.judged.iter().enumerate();
        Self {
            state: b.state.code().to_owned(),
            scans: b.scans.len(),
            judged: b.judged.len(),
            admitted: judged().filter(|(_, j)| !j.verdict.is_conflict()).count(),
            conflicts: judged().filter(|(_, j)| j.verdict.is_conflict()).map(conflict).collect(),
            clock_off_seconds: b.clock_off.unwrap_or(0) / 1_000,
            uploaded_at: rfc3339(b.uploaded_at),
            number: b.number,
            attraction: b.attraction,
            gate: b.gate,
        }
    }
}
