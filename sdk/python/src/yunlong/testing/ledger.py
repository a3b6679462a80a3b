"""Payments whose outcomes the test decides."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from .. import payments
from ..payments import (
    EscrowState,
    HeldRefund,
    Intent,
    Line,
    NewEscrow,
    NewIntent,
    NewRefund,
    Outcome,
    PaymentOutcome,
    Release,
    Status,
)
from .escrow import Book


@dataclass(frozen=True)
class Create:
    """An intent, its split (an escrow has none), and who is to pay: anybody when that is absent."""

    intent: Intent
    lines: list[Line] | None
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


@dataclass(frozen=True)
class ReleaseHeld:
    id: str
    release: Release


@dataclass(frozen=True)
class RefundHeld:
    id: str
    refund: HeldRefund


PaymentOp = Create | Confirm | Cancel | Refund | ReleaseHeld | RefundHeld
"""What a transaction asks of the payments."""


@dataclass
class _Record:
    intent: Intent
    payer: str | None
    left: dict[str, int]
    """What each payee has received and not returned."""
    book: Book | None = None
    """What became of the money, when it is held."""
    version: int = 0
    """How often it changed: a transaction that saw another version has a conflict."""
    refunds: dict[str, NewRefund] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def change(self, status: Status | None = None, captured: int | None = None, returned: int = 0) -> None:
        i = self.intent
        self.version += 1
        self.intent = replace(
            i,
            status=status or i.status,
            captured=i.captured if captured is None else captured,
            refunded=i.refunded + returned,
        )


    def tell_returned(self, book: Book) -> None:
        """Writes down what of an escrow went back or is on its way."""
        state = book.state(self.intent)
        self.change(returned=state.refunding + state.refunded - self.intent.refunded)
        if state.captured and state.refunded == state.captured:
            self.change(Status.REFUNDED)


def _sum(lines: list[Line]) -> int:
    return sum(line.amount for line in lines)


def _wrong(status: Status, what: str) -> payments.WrongStatus:
    return payments.WrongStatus(f"the intent is {status.value} and cannot be {what}")


def _is_escrow() -> payments.WrongStatus:
    return payments.WrongStatus(
        "the intent is an escrow and cannot be refunded by `refund`: use `refund-held` for what is held; what was "
        "released belongs to its payees"
    )


def _no_escrow(what: str) -> payments.WrongStatus:
    return payments.WrongStatus(f"the intent is no escrow and cannot be {what}")


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
        return self._first(new.reference, new.amount, False, staged)

    def prepare_escrow(self, new: NewEscrow, staged: list[PaymentOp]) -> Intent:
        """The escrow that ``new`` would become, or the first one with its reference."""
        if new.amount < 1:
            raise payments.Invalid(f"there is nothing to pay: the amount is {new.amount}")
        return self._first(new.reference, new.amount, True, staged)

    def _first(self, reference: str, amount: int, escrow: bool, staged: list[PaymentOp]) -> Intent:
        """The intent of a reference, or one that begins."""
        pending = [(op.intent, op.lines is None) for op in staged if isinstance(op, Create)]
        for first, held in [*((r.intent, r.book is not None) for r in self._records.values()), *pending]:
            if first.reference != reference:
                continue
            if first.amount != amount:
                raise payments.Invalid(f"the reference {reference} was used with another amount")
            if held != escrow:
                is_, wanted = ("an escrow", "an intent") if held else ("an intent", "an escrow")
                raise payments.Invalid(f"the reference {reference} has {is_}: use a new one for {wanted}")
            return first
        id = f"intent-{reference}"
        return Intent(id, reference, amount, 0, 0, Status.PENDING, f"http://localhost:8080/cashier/{id}")

    def escrow(self, id: str) -> EscrowState:
        record = self._record(id)
        if record.book is None:
            raise _no_escrow("read as one: use get")
        return record.book.state(record.intent)

    def version(self, id: str) -> int | None:
        """The version of an intent, for a transaction that builds on it; none while there is none."""
        record = self._records.get(id)
        return record.version if record else None

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
            book = Book() if created.lines is None else None
            if isinstance(op, Refund):
                raise _is_escrow() if book else _wrong(Status.PENDING, "refunded")
            _move(created.intent, book, op)
            return
        known = self._record(op.id)
        status = known.intent.status
        match op:
            case Confirm() if status not in (Status.PENDING, Status.FAILED):
                raise _wrong(status, "confirmed")
            case Cancel() if status not in (Status.PENDING, Status.FAILED, Status.PROCESSING):
                raise _wrong(status, "cancelled")
            case Refund() if known.book:
                raise _is_escrow()
            case ReleaseHeld() | RefundHeld():
                tried = known.book.copy() if known.book else None
                for staged_op in staged:
                    if staged_op.id == op.id:
                        _move(known.intent, tried, staged_op)
                _move(known.intent, tried, op)
            case Refund():
                earlier = [s.refund for s in staged if isinstance(s, Refund) and s.id == op.id]
                _check_refund(known, op.refund, earlier)

    def apply(self, op: PaymentOp) -> PaymentOutcome | None:
        """Applies a staged operation; a cancellation has its outcome at once."""
        match op:
            case Create(intent, lines, payer):
                left: dict[str, int] = defaultdict(int)
                for line in lines or []:
                    left[line.payee] += line.amount
                book = Book() if lines is None else None
                self._records.setdefault(intent.id, _Record(intent, payer, left, book))
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
            case ReleaseHeld(id) | RefundHeld(id):
                record = self._records[id]
                _move(record.intent, record.book, op)
                if record.book:
                    record.tell_returned(record.book)
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
        settled = []
        for record in self._records.values():
            settled += self._settle_held(record, refused)
            settled += [
                self._settle(record, reference, refund, refused)
                for reference, refund in record.refunds.items()
                if reference not in record.settled
            ]
        return settled

    @staticmethod
    def _settle_held(record: _Record, refused: str | None) -> list[PaymentOutcome]:
        if record.book is None:
            return []
        what = Outcome.REFUNDED if refused is None else Outcome.REFUND_FAILED
        settled = record.book.settle(refused is not None)
        record.tell_returned(record.book)
        return [_outcome(record.intent, what, amount, reference, refused) for reference, amount in settled]

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


def _move(intent: Intent, book: Book | None, op: PaymentOp) -> None:
    """A release or a refund of held money, on an escrow as it stands."""
    match op:
        case ReleaseHeld() if book is None:
            raise _no_escrow("released: its payees have the money since it was captured")
        case RefundHeld() if book is None:
            raise _no_escrow("refunded by `refund-held`: use `refund`")
        case ReleaseHeld(_, release) if book:
            book.release(intent, release)
        case RefundHeld(_, refund) if book:
            book.refund(intent, refund)


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
