"""``city:messaging/publisher``."""

from typing import cast

from componentize_py_types import Err
from wit_world.imports import city_messaging_publisher_1_0_0 as wit

from .. import _city
from .. import messaging as sdk
from ..messaging import Notification, Outgoing
from .. import data as _data  # noqa: F401 - its last line fills in the host's side, which must be whole below.
from . import collections


def _error(error: wit.Error) -> sdk.MessagingError:
    match error:
        case wit.Error_Undeclared():
            return sdk.Undeclared(error.value)
        case wit.Error_Invalid():
            return sdk.Invalid(error.value)
        case wit.Error_UnknownRecipient():
            return sdk.UnknownRecipient()
        case wit.Error_Closed():
            return sdk.Closed()
        case wit.Error_Other():
            return sdk.Other(error.value)


class Host:
    """Fills ``_city.publisher``."""

    def publish(self, tx: _city.Transaction, event: Outgoing) -> str:
        out = wit.Outgoing(event.topic, event.subject, event.key, event.text(), event.not_before, event.once)
        try:
            return wit.publish(cast(collections.Transaction, tx).raw, out)
        except Err as e:
            raise _error(e.value) from e

    def notify(self, tx: _city.Transaction, note: Notification) -> None:
        title, body = note.title, note.body
        out = wit.Notification(note.recipient, title.zh, title.en, body.zh, body.en, note.path)
        try:
            wit.notify(cast(collections.Transaction, tx).raw, out)
        except Err as e:
            raise _error(e.value) from e
