"""Loads an app and writes down what it is: run in a process of its own, so that what is loaded is the app's alone.

``python -m yunlong.build.probe MODULE ATTRIBUTE`` writes JSON.
"""

import importlib
import json
import sys


def main() -> int:
    module, attribute = sys.argv[1:3]
    try:
        loaded = importlib.import_module(module)
    except Exception:
        import traceback

        traceback.print_exc()
        return 1
    # What the app has loaded, before this looks at it.
    modules = sorted(sys.modules)
    from yunlong.app import App
    from yunlong.build import sbom

    app = getattr(loaded, attribute, None)
    if not isinstance(app, App):
        print(f"{module}:{attribute} is no yunlong.App, but {type(app).__name__}", file=sys.stderr)
        return 1
    parts = {
        "http": True,
        "consumer": app.consumer is not None,
        "jobs": app.jobs is not None,
        "lifecycle": app.install is not None or app.health is not None,
        "migrations": app.migrate is not None,
    }
    found = {
        "modules": [name for name in modules if name.startswith("yunlong.")],
        "parts": [name for name, there in parts.items() if there],
        "distributions": sbom.distributions(modules),
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
