"""What an escrow of the double has done with its money."""

from dataclasses import dataclass, field
from enum import Enum, auto

from .. import payments
from ..payments import EscrowState, HeldRefund, Intent, Line, Release, Status


class Return(Enum):
    """Where a refund of held money stands."""

    UNDER_WAY = auto()
    DONE = auto()
    REFUSED = auto()


def _sum(lines: list[Line]) -> int:
    return sum(line.amount for line in lines)


@dataclass
class Book:
    """Releases and refunds by the app's numbers. What is held is what is in neither."""

    releases: dict[str, list[Line]] = field(default_factory=dict)
    refunds: dict[str, tuple[int, Return]] = field(default_factory=dict)

    def copy(self) -> "Book":
        """The same, to try something on."""
        return Book(dict(self.releases), dict(self.refunds))

    def state(self, intent: Intent) -> EscrowState:
        released = sum(_sum(lines) for lines in self.releases.values())
        refunding, refunded = self._by(Return.UNDER_WAY), self._by(Return.DONE)
        held = intent.captured - released - refunding - refunded
        return EscrowState(intent.amount, intent.captured, held, released, refunding, refunded)

    def _by(self, standing: Return) -> int:
        return sum(amount for amount, s in self.refunds.values() if s is standing)

    def release(self, intent: Intent, release: Release) -> None:
        """Pays a part of what is held."""
        _check_reference(release.reference)
        before = self.releases.get(release.reference)
        if before is not None:
            return _same(before == release.lines, "release", release.reference, "lines")
        _captured(intent, "released")
        if any(len(line.payee) != 18 for line in release.lines):
            raise payments.Invalid("a payee is a unified social credit code of 18 characters")
        self._room(intent, _sum(release.lines), "released")
        self.releases[release.reference] = list(release.lines)

    def refund(self, intent: Intent, refund: HeldRefund) -> None:
        """Begins to return a part of what is held."""
        _check_reference(refund.reference)
        before = self.refunds.get(refund.reference)
        if before is not None:
            return _same(before[0] == refund.amount, "refund", refund.reference, "amount")
        _captured(intent, "refunded")
        self._room(intent, refund.amount, "refunded")
        self.refunds[refund.reference] = (refund.amount, Return.UNDER_WAY)

    def _room(self, intent: Intent, amount: int, what: str) -> None:
        if amount < 1:
            raise payments.Invalid(f"there is nothing to be {what}: the amount is {amount}")
        state = self.state(intent)
        if amount > state.held:
            raise payments.Invalid(
                f"{state.held} fen of this payment are held and {amount} cannot be {what}; "
                f"{state.refunding} are on their way back"
            )

    def settle(self, refused: bool) -> list[tuple[str, int]]:
        """The provider answers all that is under way: references and amounts."""
        settled = [(r, amount) for r, (amount, s) in self.refunds.items() if s is Return.UNDER_WAY]
        for reference, amount in settled:
            self.refunds[reference] = (amount, Return.REFUSED if refused else Return.DONE)
        return settled


def _check_reference(reference: str) -> None:
    if not 1 <= len(reference.encode()) <= 128:
        raise payments.Invalid("the reference must have 1 to 128 bytes")


def _same(same: bool, what: str, reference: str, of: str) -> None:
    """What a number that was used before means: the same again, or a mistake."""
    if not same:
        raise payments.Invalid(f"the {what} `{reference}` was staged before with another {of}: use a new reference")


def _captured(intent: Intent, what: str) -> None:
    if intent.status is not Status.CAPTURED:
        raise payments.WrongStatus(f"the intent is {intent.status.value} and nothing of it can be {what}")
