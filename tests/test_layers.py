"""The layout: allowed imports, declared requirements, the tree of errors."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from mlm_demo import errors
from tests.support.paths import ROOT

PACKAGE = ROOT / "mlm_demo"
# Each room may import the rooms to its left; `APART` are neighbors that do not know each other.
ROOMS = ["errors", "settings", "system", "corpus", "models", "inference", "training", "runs", "web", "cli"]
APART = {("models", "corpus"), ("inference", "corpus"), ("training", "inference")}


DISTRIBUTION = {"yaml": "pyyaml", "docx": "python_docx"}  # where it has another name than the package


@cache
def imports_of(path: Path) -> set[str]:
    """Every module imported anywhere in a file, in functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module == "mlm_demo"
            found |= {f"mlm_demo.{alias.name}" if whole else node.module for alias in node.names}
    return found


def test_imports_go_one_way():
    graph = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        graph[name] = {n.removeprefix("mlm_demo.") for n in imports_of(path) if n.startswith("mlm_demo.")}
        for imported in graph[name]:
            room, other = name.split(".")[0], imported.split(".")[0]
            if room in ROOMS and other in ROOMS:
                assert ROOMS.index(other) <= ROOMS.index(room), (
                    f"{name} imports {imported}, which is above it"
                )
                assert (room, other) not in APART, f"{name} imports {imported}"
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_the_rooms_are_all_there_is():
    names = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert names == {*ROOMS, "__init__", "__main__"}


def test_gradio_is_imported_by_the_page_alone():
    importers = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == "gradio" for name in imports_of(path))
    }
    assert importers == {"web"}


# Imported in this order by one process: the modules, and what must not have been imported after each.
WITHOUT = (
    ("settings corpus.corpus cli.adapt runs.worker cli.main", {"torch", "transformers", "gradio", "scipy"}),
    ("web.app", {"torch", "transformers", "scipy"}),
    (
        "models.native_bert.loader models.cpu.optimize inference.compare inference.score inference.extract.extract",
        {"transformers"},
    ),
    ("training.evaluation training.prepare", {"transformers"}),
)


def test_modules_are_imported_without_what_is_slow():
    code = ["import sys"]
    for modules, absent in WITHOUT:
        for module in modules.split():
            if module == "web.app":  # as app.py imports it
                code.append("from mlm_demo.web.server.quick_start import without_stubs")
                code.append("stubs = without_stubs(); stubs.__enter__()")
            code.append(f"import mlm_demo.{module}; print({module!r}, *{absent!r} & sys.modules.keys())")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [module for modules, _ in WITHOUT for module in modules.split()]


def test_every_package_imported_is_declared():
    def declared(name):
        lines = (ROOT / name).read_text().splitlines()
        for line in lines:
            assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[0-9][0-9a-z.]*", line), (
                f"{name}: {line} is not pinned"
            )
        return {re.split(r"==|\[", line)[0].lower().replace("-", "_") for line in lines}

    def used(paths):
        names = {name.split(".")[0] for path in paths for name in imports_of(path)}
        elsewhere = {"spaces", "atheris"}  # brought by ZeroGPU, and by whoever runs the fuzz
        return names - set(sys.stdlib_module_names) - {"mlm_demo"} - elsewhere

    optional = declared("requirements-slurm.txt") | declared(
        "requirements-ray.txt"
    )  # where runs go elsewhere
    runs = declared("requirements.txt") | optional
    assert {DISTRIBUTION.get(name, name) for name in used([*PACKAGE.rglob("*.py"), ROOT / "app.py"])} <= runs
    beside = [path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    tests = used(beside) - {path.stem for path in beside} - {"tests"}
    assert {DISTRIBUTION.get(name, name) for name in tests} <= runs | declared("requirements-dev.txt")


def test_every_dependency_has_its_reason():
    decisions = (ROOT / "docs" / "decisions" / "README.md").read_text()
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-ray.txt",
        "requirements-slurm.txt",
    ):
        for line in (ROOT / name).read_text().splitlines():
            package = re.split(r"==|\[", line)[0]
            assert re.search(rf"^\| `{re.escape(package)}` \| \S", decisions, re.M), line


def test_files_stay_small():
    for path in [
        *PACKAGE.rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "benchmarks").rglob("*.py"),
    ]:
        assert len(path.read_text().splitlines()) <= 400, path


def test_the_error_tree_is_the_one_drawn():
    drawn = re.findall(r"^    [├└─│ ]*(\w+Error)", errors.__doc__, re.M)
    defined = [name for name, kind in vars(errors).items() if isinstance(kind, type)]
    assert sorted(drawn) == sorted(defined)
    for name in defined:
        assert issubclass(getattr(errors, name), errors.MlmDemoError)
