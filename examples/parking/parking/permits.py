"""Permits: what is stored, and how one is asked for, checked and ended."""

import hmac
import re
from dataclasses import dataclass, replace

from schemas import PermitHoldOver
from yunlong import Problem, context, now, random, t
from yunlong.data import Collection, OutOfBounds, Page, Tx, UniqueViolation, transact
from yunlong.messaging import Outgoing
from yunlong.payments import Line, NewIntent

ZONES = {
    "pengcheng": t("彭城广场", "Pengcheng Square"),
    "yunlong-lake": t("云龙湖", "Yunlong Lake"),
    "east-station": t("高铁东站", "East Station"),
}
YEAR = 365 * 86_400_000
_PLATE = re.compile(r"[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}")


# ANCHOR: permit
@dataclass(frozen=True)
class Permit:
    """A permit. `app.toml` declares its collection and its indexes."""

    number: str
    zone: str
    owner: str
    """The subject of whoever asked for it."""
    status: str
    """`waiting` for the payment, `valid`, or `ended`."""
    intent: str
    """The payment's id."""
    time: int
    until: int
    plate: str | None
    """Absent once the owner had it erased."""
    live_plate: str | None
    """A keyed hash of the plate, by which it is found; absent when the permit has ended."""
    # ANCHOR_END: permit


PERMITS = Collection("permits", Permit, id="number")


# ANCHOR: of
def of(owner: str, after: str | None) -> Page[Permit]:
    """A page of a person's permits, the newest first."""
    return PERMITS.find(PERMITS.index("by-owner").equals(owner).descending().limit(20).after(after))
    # ANCHOR_END: of


def get(number: str, owner: str) -> Permit:
    """A permit of this person. Raises a 404, for somebody else's as well: it tells nothing of it."""
    found = PERMITS.get(number)
    if found is None or found.value.owner != owner:
        raise Problem.not_found()
    return found.value


def plate_of(text: str) -> str | None:
    """A plate as it is written on cars, whatever the spaces and letters it was typed with."""
    plate = text.replace(" ", "").replace("·", "").upper()
    return plate if _PLATE.fullmatch(plate) else None


def _digest(plate: str) -> str:
    # An index is not encrypted, and there are few plates: without the key nobody tries them all.
    return hmac.digest(context.derive_key("plate", 32), plate.encode(), "sha256").hex()


def _configured(key: str) -> int:
    return context.config(key, int) or 0


# ANCHOR: apply
def apply(owner: str, zone: str, plate: str) -> Permit:
    """Takes a place in a zone, and asks for its fee: all or nothing. It is given back if nobody pays in time.

    Raises a 409 when the zone is full or the plate has a permit.
    """
    number, time = random.code(12), now()
    over = time + _configured("hold_minutes") * 60_000
    fee = [Line(context.config("payee", str) or "", _configured("fee"), "停车许可年费")]
    what = t("停车许可年费", "Yearly fee of a parking permit")

    def run(tx: Tx) -> Permit:
        tx.adjust("permits", zone, 1, 0, _configured("places"))
        intent = tx.create_intent(NewIntent(number, what, fee, over, f"/permits/{number}"))
        permit = Permit(number, zone, owner, "waiting", intent.id, time, time + YEAR, plate, _digest(plate))
        tx.insert(PERMITS, permit)
        tx.publish(Outgoing("permit.hold-over", PermitHoldOver(number=number), key=number, not_before=over))
        tx.audit("permit.apply", number, {"zone": zone})
        return permit

    try:
        return transact(run)
    except OutOfBounds as e:
        raise Problem.conflict(t("该片区的许可已发完", "This zone has no permit left"), "zone-full") from e
    except UniqueViolation as e:
        raise Problem.conflict(t("该车牌已有许可", "This plate has a permit already"), "plate-taken") from e
    # ANCHOR_END: apply


def find_live(plate: str) -> Permit | None:
    """The permit that a plate has now."""
    found = PERMITS.find(PERMITS.index("by-live-plate").equals(_digest(plate)).limit(1)).values
    return found[0] if found and found[0].status == "valid" and found[0].until > now() else None


def end(tx: Tx, permit: Permit) -> None:
    """Ends a permit and gives its place back."""
    tx.put(PERMITS, replace(permit, status="ended", live_plate=None))
    tx.adjust("permits", permit.zone, -1, 0, 2**31)
