"""Payments whose outcomes the test decides."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from .. import payments
from ..payments import Intent, Line, NewIntent, NewRefund, Outcome, PaymentOutcome, Status


@dataclass(frozen=True)
class Create:
    """An intent, its split, and who is to pay: anybody when that is absent."""

    intent: Intent
    lines: list[Line]
    payer: str | None

    @property
    def id(self) -> str:
        return self.intent.id


@dataclass(frozen=True)
class Confirm:
    id: str


@dataclass(frozen=True)
class Cancel:
    id: str


@dataclass(frozen=True)
class Refund:
    id: str
    refund: NewRefund


PaymentOp = Create | Confirm | Cancel | Refund
"""What a transaction asks of the payments."""


@dataclass
class _Record:
    intent: Intent
    payer: str | None
    left: dict[str, int]
    """What each payee has received and not returned."""
    refunds: dict[str, NewRefund] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def change(self, status: Status | None = None, captured: int | None = None, returned: int = 0) -> None:
        i = self.intent
        self.intent = replace(
            i,
            status=status or i.status,
            captured=i.captured if captured is None else captured,
            refunded=i.refunded + returned,
        )


def _sum(lines: list[Line]) -> int:
    return sum(line.amount for line in lines)


def _wrong(status: Status, what: str) -> payments.WrongStatus:
    return payments.WrongStatus(f"the intent is {status.value} and cannot be {what}")


class Ledger:
    """The intents of the installation."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def get(self, id: str) -> Intent:
        return self._record(id).intent

    def _record(self, id: str) -> _Record:
        if id not in self._records:
            raise payments.UnknownIntent(id)
        return self._records[id]

    def prepare(self, new: NewIntent, staged: list[PaymentOp]) -> Intent:
        """The intent that ``new`` would become, or the first one with its reference."""
        if not new.lines:
            raise payments.Invalid("there are no lines")
        if any(len(line.payee) != 18 for line in new.lines):
            raise payments.Invalid("a payee is a unified social credit code of 18 characters")
        pending = [op.intent for op in staged if isinstance(op, Create)]
        for first in [*(r.intent for r in self._records.values()), *pending]:
            if first.reference == new.reference:
                if first.amount != new.amount:
                    raise payments.Invalid(f"the reference {new.reference} was used with another amount")
                return first
        id = f"intent-{new.reference}"
        cashier = f"http://localhost:8080/cashier/{id}"
        return Intent(id, new.reference, new.amount, 0, 0, Status.PENDING, cashier)

    def check(self, op: PaymentOp, staged: list[PaymentOp], person: str | None) -> None:
        """Whether ``op`` is allowed to ``person`` as things stand; ``staged`` may hold the intent's creation."""
        created = next((s for s in staged if isinstance(s, Create) and s.id == op.id), None)
        record = self._records.get(op.id)
        payer = record.payer if record else created.payer if created else None
        if isinstance(op, Confirm) and payer is not None and payer != person:
            raise payments.Other(
                "this payment belongs to another account: confirm it in a call of the one who placed the order"
            )
        if created and not record:
            if isinstance(op, Refund):
                raise _wrong(Status.PENDING, "refunded")
            return
        known = self._record(op.id)
        status = known.intent.status
        match op:
            case Confirm() if status not in (Status.PENDING, Status.FAILED):
                raise _wrong(status, "confirmed")
            case Cancel() if status not in (Status.PENDING, Status.FAILED, Status.PROCESSING):
                raise _wrong(status, "cancelled")
            case Refund():
                earlier = [s.refund for s in staged if isinstance(s, Refund) and s.id == op.id]
                _check_refund(known, op.refund, earlier)

    def apply(self, op: PaymentOp) -> PaymentOutcome | None:
        """Applies a staged operation; a cancellation has its outcome at once."""
        match op:
            case Create(intent, lines, payer):
                left: dict[str, int] = defaultdict(int)
                for line in lines:
                    left[line.payee] += line.amount
                self._records.setdefault(intent.id, _Record(intent, payer, left))
            case Confirm(id):
                self._records[id].change(Status.PROCESSING)
            case Cancel(id):
                self._records[id].change(Status.CANCELLED)
                return _outcome(self._records[id].intent, Outcome.CANCELLED, 0)
            case Refund(id, refund):
                record = self._records[id]
                if refund.reference not in record.refunds:
                    record.refunds[refund.reference] = refund
                    record.change(returned=_sum(refund.lines))
                    for line in refund.lines:
                        record.left[line.payee] -= line.amount
        return None

    def capture(self, id: str) -> list[PaymentOutcome]:
        """The provider took the money. Also after a cancellation: money that arrives is reported."""
        record = self._record(id)
        if record.intent.captured:
            return []
        record.change(Status.CAPTURED, captured=record.intent.amount)
        return [_outcome(record.intent, Outcome.CAPTURED, record.intent.amount)]

    def fail(self, id: str, reason: str) -> list[PaymentOutcome]:
        """The provider refused."""
        record = self._record(id)
        record.change(Status.FAILED)
        return [_outcome(record.intent, Outcome.FAILED, 0, reason=reason)]

    def settle_refunds(self, refused: str | None) -> list[PaymentOutcome]:
        """The provider paid the open refunds out, or refused them all."""
        return [
            self._settle(record, reference, refund, refused)
            for record in self._records.values()
            for reference, refund in record.refunds.items()
            if reference not in record.settled
        ]

    @staticmethod
    def _settle(record: _Record, reference: str, refund: NewRefund, refused: str | None) -> PaymentOutcome:
        record.settled.add(reference)
        amount = _sum(refund.lines)
        if refused is None:
            if record.intent.refunded == record.intent.captured:
                record.change(Status.REFUNDED)
            return _outcome(record.intent, Outcome.REFUNDED, amount, reference)
        record.change(returned=-amount)
        for line in refund.lines:
            record.left[line.payee] += line.amount
        return _outcome(record.intent, Outcome.REFUND_FAILED, amount, reference, refused)


def _check_refund(record: _Record, refund: NewRefund, earlier: list[NewRefund]) -> None:
    before = record.refunds.get(refund.reference)
    if before:
        if _sum(before.lines) != _sum(refund.lines):
            raise payments.Invalid(f"the reference {refund.reference} was used with another amount")
        return
    if record.intent.captured == 0:
        raise _wrong(record.intent.status, "refunded")
    if not refund.lines:
        raise payments.Invalid("there are no lines")
    left = dict(record.left)
    for line in (line for r in [*earlier, refund] for line in r.lines):
        left[line.payee] = left.get(line.payee, 0) - line.amount
        if left[line.payee] < 0:
            raise payments.Invalid(f"{line.payee} has less than {line.amount} left to return")


def _outcome(
    intent: Intent, what: Outcome, amount: int, refund: str | None = None, reason: str | None = None
) -> PaymentOutcome:
    return PaymentOutcome(what, intent.id, intent.reference, amount, refund, reason)
