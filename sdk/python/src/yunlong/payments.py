"""Payments over the platform's ledger. Money is a whole number of fen.

An intent, its confirmation, cancellation or refund is staged in a transaction (``Tx.create_intent`` and its siblings);
the outcome comes back to the app's consumer as an event of the topic ``city.payments``: ``outcome_of(event)`` reads it.

What such an intent takes belongs to the payees of its lines at once. Where nobody is to get it yet, because a buyer still
has to confirm, ``Tx.create_escrow`` makes an intent whose money the platform holds: ``Tx.release`` pays it to payees,
``Tx.refund_held`` returns it, ``escrow(id)`` tells where it is.
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


@dataclass(frozen=True)
class NewEscrow:
    """What to hold once it is paid."""

    reference: str
    """The app's own number for it. One reference has one intent, of either kind: asking again with the same reference
    and amount answers the first."""
    description: Text
    """What the payer reads."""
    amount: int
    """Fen, at least 1."""
    expires_at: int
    """A payment that arrives later is still reported, and held; the app decides what becomes of it. Milliseconds since
    1970."""
    return_path: str
    """The path of this app to which the cashier leads back."""


@dataclass(frozen=True)
class Release:
    """A part of what is held, for payees."""

    reference: str
    """The app's own number for the release: the same number is the same release, once."""
    lines: list[Line]
    """Who gets how much: at least one line, in sum at most what is held."""
    reason: str
    """Why, as a statement would show it."""


@dataclass(frozen=True)
class HeldRefund:
    """A part of what is held, to return to the payer."""

    reference: str
    """The app's own number for the refund: the same number is the same refund, once, also when the provider refused
    it."""
    amount: int
    """Fen, at least 1 and at most what is held."""
    reason: str
    """Why, as a statement would show it."""


@dataclass(frozen=True)
class EscrowState:
    """Where the money of an escrow is, in fen: ``captured`` is the sum of the four below it."""

    amount: int
    """Asked for."""
    captured: int
    """Taken: 0 or the amount."""
    held: int
    """Held by the platform, to be released or refunded."""
    released: int
    """Paid to payees."""
    refunding: int
    """On its way back to the payer."""
    refunded: int
    """Back at the payer."""


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
    """The intent's status does not allow it, or it is of the other kind (an escrow or not); the text says what is."""

    def answer(self) -> HandlerExit:
        title = t("支付状态不允许", "The payment's status does not allow it")
        return Problem(409, title, "payment-status", Text.same(str(self)))


class Invalid(PaymentError):
    """The lines are empty or name a payee that is not a USCC; a refund is over what is left, a release over what is held;
    a reference was used with another amount or other lines."""

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


def escrow(id: str) -> EscrowState:
    """Where the money of an escrow of this installation is, as committed.

    Raises ``UnknownIntent``, and ``WrongStatus`` for an intent that is no escrow.
    """
    return _city.intents.get().escrow(id)


def outcome_of(event: Event) -> PaymentOutcome | None:
    """What became of a payment, when this is an event of the platform's payments.

    Raises ``Reject`` when the payload is not what the contract says.
    """
    return event.json(PaymentOutcome) if event.topic == PAYMENTS_TOPIC else None


_city.provide(_city.intents, "payments")
