"""What happens without a visitor: payments, places that nobody paid for, permits whose year is over.

Everything is written in the transaction that the host hands over: it commits together with the acknowledgment, so an event
that is delivered twice has its effect once.
"""

from dataclasses import replace

from schemas import PermitHoldOver
from yunlong import Event, Reject, Text, context, t
from yunlong.data import Tx
from yunlong.messaging import Notification
from yunlong.payments import Line, NewRefund, Outcome, PaymentOutcome, WrongStatus, outcome_of

from .permits import PERMITS, Permit, end


def consume(event: Event, tx: Tx) -> None:
    """An event of `permit.hold-over` or of the platform's payments."""
    payment = outcome_of(event)
    if payment:
        _paid(payment, tx)
    elif event.topic == "permit.hold-over":
        _hold_over(event.json(PermitHoldOver).number, tx)
    else:
        raise Reject(f"nobody knows the topic {event.topic}")


# ANCHOR: paid
def _paid(payment: PaymentOutcome, tx: Tx) -> None:
    found = tx.get(PERMITS, payment.reference)
    if found is None:
        raise Reject(f"there is no permit {payment.reference}")
    permit = found.value
    if payment.outcome is Outcome.CAPTURED and permit.status == "waiting":
        tx.put(PERMITS, replace(permit, status="valid"))
        _note(tx, permit, t("许可已生效", "Your permit is valid"), t("年费已收到。", "The fee has arrived."))
    elif payment.outcome is Outcome.CAPTURED and permit.status == "ended":
        # The money came when the place was given away.
        payee = context.config("payee", str) or ""
        fee = [Line(payee, payment.amount, "停车许可年费")]
        tx.refund(payment.intent, NewRefund(f"{permit.number}-late", fee, "逾期缴费退款"))
        _note(tx, permit, t("年费退回", "Your fee is returned"), t("缴费时许可已取消。", "The permit had ended."))
    elif payment.outcome is Outcome.CANCELLED and permit.status == "waiting":
        end(tx, permit)
        _note(tx, permit, t("许可已取消", "Your permit has ended"), t("未在时限内缴费。", "It was not paid in time."))
    # ANCHOR_END: paid


def _hold_over(number: str, tx: Tx) -> None:
    """Gives the payment up that nobody made; its outcome, an event, ends the permit."""
    found = tx.get(PERMITS, number)
    if found and found.value.status == "waiting":
        try:
            tx.cancel_intent(found.value.intent)
        except WrongStatus:
            # Somebody is paying at this moment: what becomes of it comes as an event.
            return


# ANCHOR: job
def run_job(job: str, scheduled: int, tx: Tx) -> None:
    """Ends the permits whose year is over: some at a time, the others the next day."""
    over = PERMITS.index("by-end").equals("valid").at_most(scheduled).limit(200)
    for permit in tx.find(PERMITS, over).values:
        end(tx, permit)
        _note(tx, permit, t("许可已到期", "Your permit has ended"), t("如需继续，请重新申请。", "Apply again to go on."))
    # ANCHOR_END: job


# ANCHOR: note
def _note(tx: Tx, permit: Permit, title: Text, body: Text) -> None:
    tx.notify(Notification(permit.owner, title, body, path=f"/permits/{permit.number}"))
    # ANCHOR_END: note
