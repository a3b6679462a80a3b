"""Payments over the platform's ledger. Money is a whole number of fen.

An intent, its confirmation, cancellation or refund is staged in a transaction (``Tx.create_intent`` and its siblings);
the outcome comes back to the app's consumer as an event of the topic ``city.payments``: ``outcome_of(event)`` reads it.
"""

from dataclasses import dataclass
from enum import StrEnum

from . import _city
from .errors import CityError, Failure, HandlerExit, Problem, Retry
from .event import PAYMENTS_TOPIC, Event
from .text import Text, t


@dataclass(frozen=True)
class Line:
    """Who receives a part of the money."""

    payee: str
    """The receiver's unified social credit code (GB 32100)."""
    amount: int
    """Fen."""
    description: str
    """What it is for, as a statement would show it."""


@dataclass(frozen=True)
class NewIntent:
    """What to pay."""

    reference: str
    """The app's own number for it. Asking again with the same reference and amount answers the first intent."""
    description: Text
    """What the payer reads."""
    lines: list[Line]
    """How the money is split; the amount is their sum. At least one line."""
    expires_at: int
    """A payment that arrives later is still reported; the app decides what becomes of it. Milliseconds since 1970."""
    return_path: str
    """The path of this app to which the cashier leads back."""

    @property
    def amount(self) -> int:
        """Fen to pay: the sum of the lines."""
        return sum(line.amount for line in self.lines)


class Status(StrEnum):
    """Where an intent stands."""

    PENDING = "pending"
    """Waiting for the payer."""
    PROCESSING = "processing"
    """The provider was asked and has not answered."""
    CAPTURED = "captured"
    """The money is taken."""
    FAILED = "failed"
    """The provider refused; the payer may try again until it expires."""
    CANCELLED = "cancelled"
    """Given up before it was paid."""
    REFUNDED = "refunded"
    """Everything was returned."""


@dataclass(frozen=True)
class Intent:
    """A payment intent. Amounts in fen."""

    id: str
    """Its id, unique on the platform."""
    reference: str
    """The app's own number for it."""
    amount: int
    captured: int
    refunded: int
    """Returned, or staged to be returned."""
    status: Status
    cashier_url: str
    """The address of the cashier's page, to redirect (303) the payer to."""


@dataclass(frozen=True)
class NewRefund:
    """A part of a captured intent to return."""

    reference: str
    """The app's own number for the refund: the same number is the same refund, once."""
    lines: list[Line]
    """What each payee gives back."""
    reason: str
    """Why, as a statement would show it."""


class Outcome(StrEnum):
    """What happened to a payment."""

    CAPTURED = "captured"
    """The money is taken."""
    FAILED = "failed"
    """The provider refused; the payer may try again."""
    CANCELLED = "cancelled"
    """The intent was given up."""
    REFUNDED = "refunded"
    """A refund was paid out."""
    REFUND_FAILED = "refund-failed"
    """A refund was refused."""


@dataclass(frozen=True)
class PaymentOutcome:
    """What became of a payment: the payload of an event of the topic ``city.payments``."""

    outcome: Outcome
    intent: str
    """The intent's id."""
    reference: str
    """The app's own number for the intent."""
    amount: int
    """Fen taken or returned."""
    refund: str | None = None
    """The app's own number for the refund, when it is about one."""
    reason: str | None = None
    """Why it failed, in words."""


class PaymentError(CityError):
    """Why a payment call failed."""


class UnknownIntent(PaymentError):
    """This installation has no such intent."""

    def __init__(self, id: str) -> None:
        super().__init__(f"unknown intent `{id}`")


class WrongStatus(PaymentError):
    """The intent's status does not allow it."""

    def answer(self) -> HandlerExit:
        title = t("支付状态不允许", "The payment's status does not allow it")
        return Problem(409, title, "payment-status", Text.same(str(self)))


class Invalid(PaymentError):
    """The lines are empty or name a payee that is not a USCC; a refund is over what is left; a reference was used with
    another amount."""

    def __init__(self, why: str) -> None:
        super().__init__(f"invalid payment: {why}")


class NotGranted(PaymentError):
    """The department did not grant payments to this installation."""

    def __init__(self, why: str) -> None:
        super().__init__(f"payments are not granted: {why}")


class Closed(PaymentError):
    """The transaction is closed."""

    def __init__(self) -> None:
        super().__init__("the transaction is closed")


class Other(PaymentError):
    """Anything else, in words."""

    def failure(self) -> Failure:
        return Retry(str(self))


def intent(id: str) -> Intent:
    """Reads an intent of this installation.

    Raises ``UnknownIntent`` when there is none.
    """
    return _city.intents.get().intent(id)


def outcome_of(event: Event) -> PaymentOutcome | None:
    """What became of a payment, when this is an event of the platform's payments.

    Raises ``Reject`` when the payload is not what the contract says.
    """
    return event.json(PaymentOutcome) if event.topic == PAYMENTS_TOPIC else None


_city.provide(_city.intents, "payments")
