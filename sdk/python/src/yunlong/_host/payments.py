"""``city:payments/intents``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from componentize_py_types import Err
from wit_world.imports import city_data_collections_1_1_0 as city_data
from wit_world.imports import city_payments_intents_1_1_0 as wit

from .. import _city
from .. import payments as sdk
from ..payments import EscrowState, HeldRefund, Intent, Line, NewEscrow, NewIntent, NewRefund, Release, Status
from . import collections

_STATUSES = {
    wit.Status.PENDING: Status.PENDING,
    wit.Status.PROCESSING: Status.PROCESSING,
    wit.Status.CAPTURED: Status.CAPTURED,
    wit.Status.FAILED: Status.FAILED,
    wit.Status.CANCELLED: Status.CANCELLED,
    wit.Status.REFUNDED: Status.REFUNDED,
}


def _error(error: wit.Error) -> sdk.PaymentError:
    match error:
        case wit.Error_UnknownIntent():
            return sdk.UnknownIntent(error.value)
        case wit.Error_WrongStatus():
            return sdk.WrongStatus(error.value)
        case wit.Error_Invalid():
            return sdk.Invalid(error.value)
        case wit.Error_NotGranted():
            return sdk.NotGranted(error.value)
        case wit.Error_Closed():
            return sdk.Closed()
        case wit.Error_Other():
            return sdk.Other(error.value)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except Err as e:
        raise _error(e.value) from e


def _raw(tx: _city.Transaction) -> city_data.Transaction:
    return cast(collections.Transaction, tx).raw


def _lines(lines: list[Line]) -> list[wit.Line]:
    return [wit.Line(line.payee, line.amount, line.description) for line in lines]


def _intent(i: wit.Intent) -> Intent:
    return Intent(i.id, i.reference, i.amount, i.captured, i.refunded, _STATUSES[i.status], i.cashier_url)


class Host:
    """Fills ``_city.intents``."""

    def create(self, tx: _city.Transaction, intent: NewIntent) -> Intent:
        text = intent.description
        out = wit.NewIntent(
            intent.reference, text.zh, text.en, intent.amount, _lines(intent.lines), intent.expires_at, intent.return_path
        )
        with _errors():
            return _intent(wit.create(_raw(tx), out))

    def confirm(self, tx: _city.Transaction, id: str) -> None:
        with _errors():
            wit.confirm(_raw(tx), id)

    def cancel(self, tx: _city.Transaction, id: str) -> None:
        with _errors():
            wit.cancel(_raw(tx), id)

    def refund(self, tx: _city.Transaction, id: str, refund: NewRefund) -> None:
        with _errors():
            wit.refund(_raw(tx), id, wit.NewRefund(refund.reference, _lines(refund.lines), refund.reason))

    def intent(self, id: str) -> Intent:
        with _errors():
            return _intent(wit.get(id))

    def create_escrow(self, tx: _city.Transaction, escrow: NewEscrow) -> Intent:
        text = escrow.description
        out = wit.NewEscrow(
            escrow.reference, text.zh, text.en, escrow.amount, escrow.expires_at, escrow.return_path
        )
        with _errors():
            return _intent(wit.create_escrow(_raw(tx), out))

    def release(self, tx: _city.Transaction, id: str, release: Release) -> None:
        with _errors():
            wit.release(_raw(tx), id, wit.HeldRelease(release.reference, _lines(release.lines), release.reason))

    def refund_held(self, tx: _city.Transaction, id: str, refund: HeldRefund) -> None:
        with _errors():
            wit.refund_held(_raw(tx), id, wit.HeldRefund(refund.reference, refund.amount, refund.reason))

    def escrow(self, id: str) -> EscrowState:
        with _errors():
            s = wit.escrow(id)
        return EscrowState(s.amount, s.captured, s.held, s.released, s.refunding, s.refunded)
