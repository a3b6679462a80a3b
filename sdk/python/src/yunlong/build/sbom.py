"""The list of what the component is made of: CycloneDX 1.6 (ECMA-424) in JSON, as ``yunlong package`` takes it in.

Of the distributions that are installed only those are in the component whose modules the app has loaded. Nothing of the
machine is in the list, no path and no clock.
"""

import hashlib
import importlib.metadata
import json
import tomllib
from pathlib import Path
from typing import Any

FILE = "sbom.cdx.json"
"""Beside ``app.toml``, where packaging looks for it."""


def distributions(modules: list[str]) -> list[str]:
    """The names of the distributions that modules come from."""
    known = importlib.metadata.packages_distributions()
    return sorted({name for module in modules for name in known.get(module.partition(".")[0], [])})


def write(folder: Path, component: Path, names: list[str]) -> None:
    """Writes the list beside ``app.toml``."""
    app = tomllib.loads((folder / "app.toml").read_text(encoding="utf-8"))
    reference = f"app:{app['name']}@{app['version']}"
    # componentize-py brings the interpreter, whose version is its own choice.
    parts = [_library(name) for name in sorted({*names, "componentize-py"})]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": reference,
                "name": app["name"],
                "version": app["version"],
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(component.read_bytes()).hexdigest()}],
            },
            "supplier": {"name": app["vendor"]},
        },
        "components": parts,
        "dependencies": [{"ref": reference, "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    (folder / FILE).write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _library(name: str) -> dict[str, Any]:
    about = importlib.metadata.metadata(name)
    version = about["Version"]
    plain = name.lower().replace("_", "-")
    purl = f"pkg:pypi/{plain}@{version}"
    part: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": plain, "version": version, "scope": "required"}
    # The SDK comes with the platform.
    if plain != "yunlong":
        part["purl"] = purl
    if "License-Expression" in about:
        part["licenses"] = [{"expression": about["License-Expression"]}]
    return part
