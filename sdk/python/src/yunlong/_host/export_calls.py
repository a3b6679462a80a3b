"""``city:app/consumer``, ``jobs``, ``lifecycle`` and ``migrations`` of an app. In each the host owns the transaction: it
commits, and after a conflict calls again."""

from collections.abc import Callable
from typing import TypeVar

from componentize_py_types import Err
from wit_world.imports import city_app_outcome_1_0_0 as outcome
from wit_world.imports import city_data_collections_1_1_0 as wit

from ..data import Tx
from ..errors import CityError, Failure, Reject
from .collections import Transaction
from .wake import unexpected, wake

T = TypeVar("T")


def tx_of(transaction: wit.Transaction) -> Tx:
    """The host's transaction, as an app gets it."""
    return Tx(Transaction(transaction))


def run(call: Callable[[], None]) -> None:
    """A message's or a job's call: it fails for now, or for ever."""
    wake()
    try:
        call()
    except Failure as e:
        raise Err(_failure(e)) from e
    except CityError as e:
        raise Err(_failure(e.failure())) from e
    except Exception as e:
        raise Err(outcome.Failure_Retry(unexpected())) from e


def _failure(failure: Failure) -> outcome.Failure:
    why = str(failure)
    return outcome.Failure_Reject(why) if isinstance(failure, Reject) else outcome.Failure_Retry(why)


def tell(call: Callable[[], T]) -> T:
    """A lifecycle's or a migration's call: it fails with a text for the department."""
    wake()
    try:
        return call()
    except (CityError, Failure, ValueError) as e:
        raise Err(str(e)) from e
    except Exception as e:
        raise Err(unexpected()) from e
