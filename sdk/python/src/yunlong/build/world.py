"""The world of an app's component, and the module that fills its exports."""

from .interfaces import EXPORTS, imports_of

# What each export is in Python. `app` is the app; the names of the classes are those of the bindings.
_GLUE = {
    "http": '''
from wit_world.imports import wasi_http_types_0_2_10 as types
from yunlong._host import export_http


class WasiHttpIncomingHandler0210(exports.WasiHttpIncomingHandler0210):
    def handle(self, request: types.IncomingRequest, response_out: types.ResponseOutparam) -> None:
        export_http.handle(app, request, response_out)
''',
    "consumer": '''
from wit_world.imports import city_messaging_types_1_0_0 as messaging
from yunlong.event import Event


class CityAppConsumer100(exports.CityAppConsumer100):
    def handle(self, event: messaging.Event, transaction: collections.Transaction) -> None:
        e = Event(
            event.id, event.source, event.topic, event.subject, event.time, event.key, event.data, event.attempt
        )
        export_calls.run(lambda: app.consumer(e, export_calls.tx_of(transaction)))
''',
    "jobs": '''
class CityAppJobs100(exports.CityAppJobs100):
    def run(self, job: str, scheduled: int, transaction: collections.Transaction) -> None:
        export_calls.run(lambda: app.jobs(job, scheduled, export_calls.tx_of(transaction)))
''',
    "lifecycle": '''
class CityAppLifecycle100(exports.CityAppLifecycle100):
    def install(self, transaction: collections.Transaction) -> None:
        if app.install:
            export_calls.tell(lambda: app.install(export_calls.tx_of(transaction)))

    def health(self) -> None:
        if app.health:
            export_calls.tell(app.health)
''',
    "migrations": '''
from wit_world.exports.city_app_migrations_1_0_0 import Progress


class CityAppMigrations100(exports.CityAppMigrations100):
    def migrate(self, from_: int, to: int, cursor: str | None, transaction: collections.Transaction) -> Progress:
        done = export_calls.tell(lambda: app.migrate(from_, to, cursor, export_calls.tx_of(transaction)))
        return Progress(done.next, done.done, done.total)
''',
}

_WITH_TRANSACTION = '''
from wit_world.imports import city_data_collections_1_1_0 as collections
from yunlong._host import export_calls
'''


def wit(modules: list[str], parts: list[str]) -> str:
    """The world: what the modules that the app loads stand for, and what the parts of the app export."""
    lines = [f"    import {interface};" for interface in imports_of(modules)]
    lines += [f"    export {EXPORTS[part]};" for part in parts]
    return "\n".join(["package app:component;", "", "world component {", *lines, "}", ""])


def glue(module: str, attribute: str, parts: list[str]) -> str:
    """The module that the component begins with."""
    head = f"from wit_world import exports\n\nfrom {module} import {attribute} as app\n"
    # A part with a transaction brings `yunlong.data`: whoever has one has imported it, if only for its type.
    shared = _WITH_TRANSACTION if any(part != "http" for part in parts) else ""
    return head + shared + "".join(_GLUE[part] for part in parts)
