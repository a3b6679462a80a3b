"""``python -m yunlong.build`` builds the app of this folder; ``python -m yunlong.build bindings DIR`` writes the contract's
bindings, for a type checker and an editor."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import contract, sbom, world
from .errors import BuildError
from .project import Project

_WORLDS = ("app", "with-consumer", "with-jobs", "with-lifecycle", "with-migrations")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m yunlong.build", description="构建应用 · Builds the app of this folder")
    parser.add_argument("--no-check", action="store_true", help="不做类型检查 · without the type check")
    commands = parser.add_subparsers(dest="command")
    bindings = commands.add_parser("bindings", help="生成接口绑定 · write the contract's bindings")
    bindings.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        if options.command == "bindings":
            write_bindings(options.folder)
        else:
            build(Project.read(Path.cwd()), check=not options.no_check)
    except BuildError as e:
        print(e, file=sys.stderr)
        return 1
    return 0


def write_bindings(folder: Path) -> None:
    """Writes the bindings of everything that an app may import and export. Raises ``BuildError``."""
    worlds = [part for name in _WORLDS for part in ("-w", f"city:app/{name}")]
    shutil.rmtree(folder, ignore_errors=True)
    _componentize([*worlds, "bindings", str(folder)], [])


def build(project: Project, check: bool) -> None:
    """Writes ``build/app.wasm``. Raises ``BuildError``."""
    if check:
        check_types(project)
    _step("载入应用", "Loading the app")
    found = _probe(project)
    modules, parts = found["modules"], found["parts"]
    generated = project.build / "component"
    shutil.rmtree(generated, ignore_errors=True)
    generated.mkdir(parents=True)
    (generated / "world.wit").write_text(world.wit(modules, parts), encoding="utf-8")
    entry = generated / "yunlong_component.py"
    entry.write_text(world.glue(project.module, project.attribute, parts), encoding="utf-8")
    _step("生成组件", "Making the component")
    # Written beside and moved: who reads build/app.wasm never finds half of one.
    unfinished = project.build / "app.wasm.tmp"
    python_path = [generated, project.source, *(Path(p) for p in sys.path if p and Path(p).name == "site-packages")]
    python_path.append(Path(__file__).resolve().parents[2])
    arguments = ["-w", "app:component/component", "componentize", entry.stem, "-o", str(unfinished)]
    arguments += [part for path in dict.fromkeys(python_path) for part in ("-p", str(path))]
    _componentize(arguments, [generated / "world.wit"])
    os.replace(unfinished, project.build / "app.wasm")
    sbom.write(project.folder, project.build / "app.wasm", found["distributions"])
    size = (project.build / "app.wasm").stat().st_size / 1_000_000
    _step(f"build/app.wasm，{size:.1f} MB", f"build/app.wasm, {size:.1f} MB")


def check_types(project: Project) -> None:
    """Checks the types of what stands in the app's folder. Raises ``BuildError``."""
    _step("类型检查", "Type check")
    # What an earlier build wrote is no part of it.
    command = [sys.executable, "-m", "mypy", "--strict", "--exclude", r"(^|/)build/", str(project.source)]
    if subprocess.run(command, cwd=project.folder, check=False).returncode != 0:
        raise BuildError("类型检查未通过（原因见上）", "the type check failed, for the reason above")


def _probe(project: Project) -> dict[str, list[str]]:
    """What ``probe`` finds: the SDK's modules that the app loads, its parts, and the distributions it loads from."""
    sdk = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([str(project.source), sdk])
    command = [sys.executable, "-m", "yunlong.build.probe", project.module, project.attribute]
    done = subprocess.run(
        command, cwd=project.folder, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, check=False
    )
    if done.returncode != 0:
        raise BuildError(
            f"应用载入失败（原因见上）：{project.module}:{project.attribute}",
            f"the app could not be loaded, for the reason above: {project.module}:{project.attribute}",
        )
    # The app may print when it is loaded: the answer is the last line.
    return {name: list(values) for name, values in json.loads(done.stdout.decode().splitlines()[-1]).items()}


def _componentize(arguments: list[str], more: list[Path]) -> None:
    tool = Path(sys.executable).parent / "componentize-py"
    found = str(tool) if tool.exists() else shutil.which("componentize-py")
    if found is None:
        raise BuildError(
            "找不到 componentize-py：请运行 pip install -r requirements.txt",
            "componentize-py is missing: run pip install -r requirements.txt",
        )
    # Full names, so that a module is called alike whatever else is in the world. Never with `--stub-wasi`: it would bake
    # the seed of randomness into the component.
    paths = [part for path in [*contract.paths(), *more] for part in ("-d", str(path))]
    done = subprocess.run([found, *paths, "--full-names", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout + done.stderr.partition("Stack backtrace:")[0].strip(), file=sys.stderr)
        raise BuildError("组件生成失败（原因见上）", "the component could not be made, for the reason above")


def _step(zh: str, en: str) -> None:
    print(f"▸ {zh} · {en}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
