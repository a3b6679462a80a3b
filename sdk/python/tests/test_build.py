"""What a component imports and exports is what its app loads and has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yunlong import _city
from yunlong.build import contract, sbom, world
from yunlong.build.__main__ import check_types
from yunlong.build.errors import BuildError
from yunlong.build.interfaces import CITY, EXPORTS
from yunlong.build.project import Project

SDK = Path(__file__).parent.parent / "src"
HEAD = "from yunlong import App, Router\n"


def probe(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    (folder / "lesson.py").write_text(source, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(SDK)])}
    command = [sys.executable, "-m", "yunlong.build.probe", "lesson", "app"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def made(folder: Path, source: str) -> tuple[list[str], list[str]]:
    """The imports and exports of the world of an app, without those of WASI."""
    done = probe(folder, source)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    lines = [line.strip(" ;") for line in world.wit(found["modules"], found["parts"]).splitlines()]
    imports = [line.removeprefix("import ") for line in lines if line.startswith("import city:")]
    return imports, [line.removeprefix("export ") for line in lines if line.startswith("export ")]


ALWAYS = ["city:app/context@1.0.0", "city:identity/principal@1.1.0", "city:identity/representation@1.1.0"]


def test_an_app_of_pages_imports_what_needs_no_declaration(tmp_path: Path) -> None:
    assert made(tmp_path, HEAD + "app = App(Router())") == (ALWAYS, [EXPORTS["http"]])


def test_each_import_of_the_app_is_one_of_its_component(tmp_path: Path) -> None:
    imports, exports = made(
        tmp_path,
        HEAD + "from yunlong import data, messaging\napp = App(Router(), consumer=print, jobs=print, health=print)",
    )
    assert imports == [*ALWAYS, "city:data/collections@1.1.0", "city:messaging/publisher@1.0.0"]
    assert exports == [EXPORTS[part] for part in ("http", "consumer", "jobs", "lifecycle")]


def test_a_base_database_brings_shared_data_and_its_consents(tmp_path: Path) -> None:
    imports, _ = made(tmp_path, HEAD + "from yunlong.base import credit\napp = App(Router())")
    assert imports[3:] == ["city:identity/attributes@1.1.0", "city:data/shared@1.1.0", "city:base/credit@1.0.0"]


def test_every_module_that_stands_for_an_interface_is_in_the_world(tmp_path: Path) -> None:
    assert {slot.module for slot in _city.SLOTS} == set(CITY)


def test_every_interface_of_the_table_is_in_the_contract() -> None:
    text = "".join(p.read_text(encoding="utf-8") for folder in contract.paths() for p in folder.glob("*.wit"))
    for interface in [*(i for all_ in CITY.values() for i in all_), *EXPORTS.values()]:
        package, _, rest = interface.partition("/")
        name, _, version = rest.partition("@")
        assert f"package {package}@{version};" in text and f"interface {name} {{" in text, interface


def test_an_app_that_is_none_is_told(tmp_path: Path) -> None:
    for source, why in [("app = 5", "is no yunlong.App"), ("import nowhere", "nowhere"), ("", "is no yunlong.App")]:
        done = probe(tmp_path, source)
        assert done.returncode == 1 and why in done.stderr


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "app.toml"),
        ({"app.toml": ""}, "cannot read"),
        ({"app.toml": "", "pyproject.toml": "["}, "cannot read"),
        ({"app.toml": "", "pyproject.toml": ""}, "names the app"),
        ({"app.toml": "", "pyproject.toml": "[tool.yunlong]\napp = 'a b:c'"}, "names the app"),
        ({"app.toml": "", "pyproject.toml": "[tool.yunlong]\napp = 'a:b'\nsource = 'none'"}, "no folder"),
    ],
)
def test_a_folder_that_cannot_be_built_is_told_in_both_languages(tmp_path: Path, files: dict[str, str], why: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BuildError) as told:
        Project.read(tmp_path)
    chinese, english = str(told.value).splitlines()[0], str(told.value)
    assert why in english and any("\u4e00" <= c <= "\u9fff" for c in chinese)


def test_a_project_says_where_its_app_is(tmp_path: Path) -> None:
    (tmp_path / "app.toml").write_text("", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.yunlong]\napp = 'parking.main:app'", encoding="utf-8")
    project = Project.read(tmp_path)
    assert (project.module, project.attribute, project.source) == ("parking.main", "app", tmp_path)


def test_the_entry_of_a_component_is_python_for_every_part() -> None:
    for parts in [["http"], list(EXPORTS)]:
        compile(world.glue("app.main", "app", parts), "component", "exec")


def test_the_list_of_parts_has_what_the_app_loads_and_no_more(tmp_path: Path) -> None:
    done = probe(tmp_path, HEAD + "app = App(Router())")
    names = json.loads(done.stdout.splitlines()[-1])["distributions"]
    assert {"dacite", "Jinja2", "MarkupSafe"} <= set(names) and "pytest" not in names
    (tmp_path / "app.toml").write_text('name = "lesson"\nversion = "1.0.0"\nvendor = "a"', encoding="utf-8")
    (tmp_path / "app.wasm").write_bytes(b"wasm")
    sbom.write(tmp_path, tmp_path / "app.wasm", names)
    text = (tmp_path / sbom.FILE).read_text(encoding="utf-8")
    listed = json.loads(text)
    assert {"dacite", "jinja2", "markupsafe", "componentize-py"} <= {c["name"] for c in listed["components"]}
    assert str(tmp_path) not in text


def test_types_are_checked_of_what_the_vendor_wrote_and_not_of_an_earlier_build(tmp_path: Path) -> None:
    project = Project(tmp_path, "lesson", "app", tmp_path)
    (project.build / "component").mkdir(parents=True)
    (project.build / "component" / "yunlong_component.py").write_text("import wit_world", encoding="utf-8")
    (tmp_path / "lesson.py").write_text("a: int = 5", encoding="utf-8")
    check_types(project)
    (tmp_path / "lesson.py").write_text("a: int = 'five'", encoding="utf-8")
    with pytest.raises(BuildError, match="type check failed"):
        check_types(project)
