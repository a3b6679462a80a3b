"""Which interfaces of the contract the modules of the SDK stand for."""

CITY: dict[str, tuple[str, ...]] = {
    "yunlong.clock": (
        "wasi:clocks/wall-clock@0.2.10",
        "wasi:clocks/monotonic-clock@0.2.10",
        "wasi:random/random@0.2.10",
    ),
    "yunlong.context": ("city:app/context@1.0.0",),
    "yunlong.identity": ("city:identity/principal@1.1.0", "city:identity/representation@1.1.0"),
    "yunlong.attributes": ("city:identity/attributes@1.1.0",),
    "yunlong.data": ("city:data/collections@1.1.0",),
    "yunlong.messaging": ("city:messaging/publisher@1.0.0",),
    "yunlong.payments": ("city:payments/intents@1.1.0",),
    "yunlong.files": ("city:files/files@1.0.0",),
    "yunlong.shared": ("city:data/shared@1.1.0",),
    "yunlong.base.population": ("city:base/population@1.0.0",),
    "yunlong.base.legal_entities": ("city:base/legal-entities@1.0.0",),
    "yunlong.base.credit": ("city:base/credit@1.0.0",),
    "yunlong.base.geospatial": ("city:base/geospatial@1.0.0",),
    "yunlong.base.economy": ("city:base/economy@1.0.0",),
    "yunlong.http": ("wasi:http/outgoing-handler@0.2.10",),
}
"""The interfaces that a component imports, by the module that the app imports."""

EXPORTS: dict[str, str] = {
    "http": "wasi:http/incoming-handler@0.2.10",
    "consumer": "city:app/consumer@1.0.0",
    "jobs": "city:app/jobs@1.0.0",
    "lifecycle": "city:app/lifecycle@1.0.0",
    "migrations": "city:app/migrations@1.0.0",
}
"""The interfaces that a component exports, by the part of the app behind it."""


def imports_of(modules: list[str]) -> list[str]:
    """What a component imports whose app loads these modules."""
    return [interface for module, interfaces in CITY.items() if module in modules for interface in interfaces]
