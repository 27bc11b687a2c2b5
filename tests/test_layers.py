"""The layout holds: who may import whom, what is declared, what the error tree is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from mlm_demo import errors

PACKAGE = ROOT / "mlm_demo"
# What each module may import of the project, as docs/decisions.md has it.
MAY_IMPORT = {
    "__init__": set(),
    "errors": set(),
    "settings": {"errors"},
    "data_folder": {"errors"},
    "rate_limit": set(),
    "memory_limit": {"errors"},
    "hub_cache": {"files", "errors"},
    "hub": {"hub_cache", "settings", "errors"},
    "checkpoints": {"hub", "hub_cache", "run", "runs", "errors"},
    "adapt_config": {"errors"},
    "positions": set(),
    "bert": set(),
    "bert_tokenizer": set(),
    "special_tokens": {"bert_tokenizer"},
    "batching": set(),
    "masked_lm": {"batching", "bert", "positions", "special_tokens", "errors"},
    "processes": set(),
    "device": {"processes", "errors"},
    "pace": {"processes"},
    "loader": {"memory_limit", "device", "masked_lm", "checkpoints", "hub", "hub_cache", "errors"},
    "quick_loader": {"bert", "bert_tokenizer", "checkpoints", "device", "hub_cache", "masked_lm", "memory_limit"},
    "model_cache": {"masked_lm"},
    "answering": {
        "checkpoints", "device", "fast_layers", "hub", "loader", "masked_lm", "model_cache", "quick_loader", "settings",
        "errors",
    },
    "allocator": set(),
    "quick_import": set(),
    "background": set(),
    "reordered_linear": set(),
    "half_linear": set(),
    "fused_layers": set(),
    "fast_layers": {"allocator", "fused_layers", "half_linear", "reordered_linear", "masked_lm", "precision"},
    "prompt": {"masked_lm", "errors"},
    "window": {"prompt", "masked_lm", "errors"},
    "targets": {"window", "prompt", "masked_lm", "errors"},
    "joint": {"targets", "window", "prompt", "masked_lm", "errors"},
    "fill_mask": {"joint", "targets", "window", "prompt", "masked_lm", "errors"},
    "comparison": {"fill_mask", "joint", "targets", "prompt", "masked_lm"},
    "scoring": {"window", "prompt", "masked_lm", "errors"},
    "engine": {
        "answering", "comparison", "fill_mask", "scoring", "prompt", "targets", "checkpoints", "runs", "settings",
        "errors",
    },
    "decoding": {"errors"},
    "broken_files": {"errors"},
    "archives": {"broken_files", "decoding", "errors"},
    "documents": {"archives", "decoding", "settings"},
    "tabular": {"documents", "archives", "broken_files", "decoding", "errors"},
    "markup": {"documents", "archives", "broken_files", "decoding"},
    "formats": {"documents", "tabular", "markup", "archives", "broken_files", "decoding", "errors"},
    "duplicates": set(),
    "corpus": {"formats", "duplicates", "errors"},
    "packing": {"special_tokens", "errors"},
    "training_blocks": {"adapt_config", "masked_lm", "packing"},
    "masking": {"packing"},
    "batches": {"masking", "packing"},
    "evaluation": {"masked_lm", "masking", "packing", "errors"},
    "cloze": {"masked_lm"},
    "verdict": {"adapt_config"},
    "report": {"corpus", "cloze", "packing", "special_tokens", "verdict"},
    "precision": set(),
    "projection": {"precision"},
    "vocabulary_loss": {"masked_lm", "masking", "processes", "projection"},
    "compiled": set(),
    "recorded_step": {"compiled"},
    "trainer": {
        "batches", "compiled", "evaluation", "masked_lm", "masking", "pace", "packing", "precision", "processes",
        "recorded_step", "vocabulary_loss", "errors",
    },
    "run_folder": {"run", "errors"},
    "plan": {
        "adapt_config", "trainer", "evaluation", "masked_lm", "masking", "memory_limit", "pace", "packing", "processes",
        "run_folder", "zero_gpu", "errors",
    },
    "training": {
        "adapt_config", "loader", "plan", "trainer", "evaluation", "masked_lm", "pace", "packing",
        "processes", "run_folder", "errors",
    },
    "curve": set(),
    "model_card": set(),
    "adapt": {
        "", "adapt_config", "cloze", "corpus", "curve", "evaluation", "run", "masked_lm", "model_card", "packing",
        "plan", "processes", "run_folder", "training", "training_blocks",
    },
    "files": {"errors"},
    "process_marks": set(),
    "run": {"files", "process_marks", "errors"},
    "runs": {"run", "files", "errors"},
    "jobs": {"background", "files", "run", "runs", "errors"},
    "adaptation_options": {"adapt_config"},
    "export": {"hub", "run", "errors"},
    "preparation": {
        "adapt", "adapt_config", "checkpoints", "corpus", "hub", "loader", "masked_lm", "memory_limit", "packing",
        "plan", "quick_loader", "report", "runs", "settings", "training", "training_blocks", "verdict",
    },
    "adaptation_command": {
        "adapt_config", "corpus", "documents", "evaluation", "export", "memory_limit", "model_card", "preparation",
        "processes", "run", "run_folder", "settings",
    },
    "zero_gpu": {"run", "cli"},
    "drafts": {"files", "runs", "errors"},
    "choices": {"adapt_config", "checkpoints", "settings", "errors"},
    "trials": {"choices"},
    "adaptations": {
        "background", "checkpoints", "choices", "drafts", "files", "hub", "jobs", "run", "runs", "settings", "trials",
        "zero_gpu", "errors",
    },
    "worker": {
        "adaptation_command", "memory_limit", "preparation", "process_marks", "run", "run_folder", "runs", "settings",
        "errors",
    },
    "cli": {
        "", "adaptation_options", "adaptation_command", "answering", "engine", "allocator", "quick_import", "runs",
        "settings", "worker", "errors", "ui",
    },
    "__main__": {"cli"},
}  # fmt: skip


DISTRIBUTION = {"yaml": "pyyaml", "docx": "python_docx"}  # where it has another name than the package


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


def own(names: set[str]) -> set[str]:
    parts = {name.split(".")[1] for name in names if name.startswith("mlm_demo.")}
    return {"" if part == "__version__" else part for part in parts}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda p: p.stem)
def test_a_module_imports_what_it_may(path):
    assert own(imports_of(path)) <= MAY_IMPORT[path.stem]


def test_gradio_is_imported_by_the_page_alone():
    importers = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == "gradio" for name in imports_of(path))
    }
    assert importers == {"ui"}


# A process imports them all, one after the other.
ABSENT = {
    "torch": ["corpus", "adaptation_command", "worker", "cli", "ui"],
    "transformers": [
        "ui",
        "quick_loader",
        "fast_layers",
        "comparison",
        "scoring",
        "evaluation",
        "preparation",
    ],
    "gradio": ["cli", "worker", "preparation", "comparison", "scoring"],
}


@pytest.mark.parametrize("absent", ABSENT)
def test_modules_are_imported_without(absent):
    imports = [
        f"import mlm_demo.{module}; assert {absent!r} not in sys.modules, {module!r}"
        for module in ABSENT[absent]
    ]
    code = "\n".join(["import sys", *imports])
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_package_imported_is_declared():
    def declared(name):
        lines = (ROOT / name).read_text().splitlines()
        for line in lines:
            assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", line), f"{name}: {line} is not pinned"
        return {line.split("==")[0].lower().replace("-", "_") for line in lines}

    def used(paths):
        names = {name.split(".")[0] for path in paths for name in imports_of(path)}
        elsewhere = {"spaces", "atheris"}  # brought by ZeroGPU, and by whoever runs the fuzz
        return names - set(sys.stdlib_module_names) - {"mlm_demo"} - elsewhere

    runs = declared("requirements.txt")
    assert {DISTRIBUTION.get(name, name) for name in used([*PACKAGE.rglob("*.py"), ROOT / "app.py"])} <= runs
    beside = [path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    tests = used(beside) - {path.stem for path in beside}
    assert {DISTRIBUTION.get(name, name) for name in tests} <= runs | declared("requirements-dev.txt")


def test_every_dependency_has_its_reason():
    decisions = (ROOT / "docs" / "decisions.md").read_text()
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert re.search(rf"^\| `{re.escape(line.split('==')[0])}` \| \S", decisions, re.M), line


def test_files_stay_small():
    for path in [
        *PACKAGE.rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "benchmarks").rglob("*.py"),
    ]:
        assert len(path.read_text().splitlines()) <= 260, path


def test_the_error_tree_is_the_one_drawn():
    drawn = re.findall(r"^    [├└─│ ]*(\w+Error)", errors.__doc__, re.M)
    defined = [name for name, kind in vars(errors).items() if isinstance(kind, type)]
    assert sorted(drawn) == sorted(defined)
    for name in defined:
        assert issubclass(getattr(errors, name), errors.MlmDemoError)
