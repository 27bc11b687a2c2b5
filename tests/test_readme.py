"""The documentation is true: its examples run, its tables match the code, its links lead somewhere."""

import io
import json
import re
import shlex
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from gradio_client import Client

from mlm_demo.cli.main import command_line, main
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app, launch
from tests.support.paths import ROOT, free_port
from tests.support.results import result_with
from tests.support.runs import kill_workers

PACKAGE = ROOT / "mlm_demo"
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
PAGES += (ROOT / "assets" / "models").rglob("*.md")
NUMBER = re.compile(r"-?\d+\.\d+")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^[ ]*```{language}\n(.*?)^[ ]*```", page.read_text(), re.DOTALL | re.MULTILINE)


def shell_examples():
    for page in PAGES:
        for block in blocks(page, "console"):
            for part in block.split("$ ")[1:]:
                command, _, output = part.partition("\n")
                yield pytest.param(command, output.rstrip(), id=f"{page.stem}: {command[19:60]}")


def commands():
    """Every call of our own command line that a page shows, with its output or without."""
    for page in PAGES:
        for block in [*blocks(page, "sh"), *blocks(page, "console")]:
            for line in block.splitlines():
                if found := re.match(r"(?:\$ )?python -m mlm_demo (.*)", line.strip()):
                    yield pytest.param(found[1], id=f"{page.stem}: {found[1][:40]}")


@pytest.mark.parametrize(("command", "output"), shell_examples())
def test_a_shell_example_prints_what_the_page_shows(command, output, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    python, m, package, *words = shlex.split(command)
    assert (python, m, package) == ("python", "-m", "mlm_demo")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert NUMBER.sub("#", out.rstrip()) == NUMBER.sub("#", output)
    printed = [float(n) for n in NUMBER.findall(out)]
    assert printed == pytest.approx([float(n) for n in NUMBER.findall(output)], rel=0.01, abs=0.02)


@pytest.mark.parametrize("command", commands())
def test_a_command_is_one_that_the_command_line_takes(command):
    with redirect_stderr(io.StringIO()) as stderr:
        try:
            command_line().parse_args(shlex.split(command, comments=True))
        except SystemExit:
            pytest.fail(stderr.getvalue())


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The port of a page that is served for the examples."""
    settings = Settings(device="cpu", port=free_port(), data=str(tmp_path_factory.mktemp("data")))
    demo = create_app(settings)
    launch(demo, settings)
    yield settings.port
    demo.close()
    kill_workers(demo.service.runs)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem
)
def test_the_python_examples_of_a_page_print_what_it_shows(page, served, monkeypatch):
    monkeypatch.chdir(ROOT)
    code = "\n".join(blocks(page, "python")).replace(":7860", f":{served}")
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, page.name, "exec"), {})  # noqa: S102
    assert printed.getvalue() == "".join(blocks(page, "text"))


def test_the_curl_example_prints_an_answer(served):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    (code,) = blocks(ROOT / "docs" / "http.md", "bash")
    printed = subprocess.run(
        ["bash", "-c", code.replace(":7860", f":{served}")], capture_output=True, text=True, timeout=60
    ).stdout
    assert printed.startswith("event: complete")
    (answer,) = json.loads(printed.split("data: ")[-1])
    assert [row["word"] for row in answer["masks"][0]] == ["capital", "city"]


def test_the_javascript_example_prints_an_answer(served, tmp_path):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    (code,) = blocks(ROOT / "docs" / "http.md", "js")
    (tmp_path / "example.mjs").write_text(code.replace(":7860", f":{served}"))
    ran = subprocess.run(["node", tmp_path / "example.mjs"], capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("capital, city\n", "")


def test_every_endpoint_and_argument_is_on_the_http_page(served):
    sections = re.split(r"^## /", (ROOT / "docs" / "http.md").read_text(), flags=re.MULTILINE)[1:]
    listed = {}
    for section in sections:
        rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.MULTILINE)
        listed["/" + section.partition("\n")[0]] = [name for row in rows for name in re.findall(r"\w+", row)]
    listed["/compare"] = ["models" if name == "model" else name for name in listed["/fill_mask"]]
    api = Client(f"http://127.0.0.1:{served}", verbose=False).view_api(print_info=False, return_format="dict")
    taken = {
        name: [parameter["parameter_name"] for parameter in endpoint["parameters"]]
        for name, endpoint in api["named_endpoints"].items()
    }
    assert {name: sorted(arguments) for name, arguments in listed.items()} == {
        name: sorted(arguments) for name, arguments in taken.items()
    }


def test_the_card_is_valid():
    card = yaml.safe_load(README.split("---\n")[1])
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert card["sdk"] == "gradio"
    assert card["sdk_version"] == pins["gradio"]
    assert card["python_version"] in ("3.11", "3.12", "3.13")
    assert (ROOT / card["app_file"]).is_file()
    assert card["license"] == "apache-2.0"
    colors = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {card["colorFrom"], card["colorTo"]} <= colors
    assert len(card["emoji"]) == 1
    assert len(card["short_description"]) <= 60
    assert card["models"] == [model.name for model in KNOWN_MODELS if model.kind == "hub"]
    for entry in card["preload_from_hub"]:
        name, files = entry.split(" ")
        assert name in card["models"]
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(files.split(","))


def test_the_models_listed_are_the_known_ones():
    rows = [line for line in README.splitlines() if re.match(r"\| `[^`]+`.*\d MB", line)]
    assert len(rows) == len(KNOWN_MODELS)
    for row, model in zip(rows, KNOWN_MODELS, strict=True):
        assert row.startswith(f"| `{model.name}`")
        assert f"| {model.domain} | {model.megabytes} MB" in row
        assert row.endswith(f"| {model.license} |")


def test_the_settings_page_lists_every_setting_with_its_default():
    page = (ROOT / "docs" / "settings.md").read_text()
    for field in fields(Settings):
        default = field.type(field.default) if field.type is not bool else int(field.default)
        default = f"{default:g}" if isinstance(default, float) else default
        public = field.metadata.get("public")
        own = "six known ones" if field.name == "hub_owners" else f"`{public}`" if public else "(`1`)?"
        shown = f"`{default}`" if default != "" else "none"
        row = rf"^\| `MLM_DEMO_{field.name.upper()}` \| {re.escape(shown)} \| {own} ?\| \S"
        assert re.search(row, page, re.MULTILINE), field.name
    listed = re.findall(r"^\| `MLM_DEMO_(\w+)`", page, re.MULTILINE)
    assert sorted(listed) == sorted(field.name.upper() for field in fields(Settings))
    owners = Settings.from_environment({"MLM_DEMO_PUBLIC": "1"}).hub_owners.split(",")
    assert all(owner in page for owner in owners)


def test_every_setting_that_a_page_names_exists():
    known = {f"MLM_DEMO_{field.name.upper()}" for field in fields(Settings)} | {"MLM_DEMO_KILLS"}
    for page in PAGES:
        named = set(re.findall(r"MLM_DEMO_[A-Z_]*[A-Z]", page.read_text()))
        assert named <= known, page


def test_the_tables_of_figures_name_their_rows_as_the_program_does():
    known = {re.sub(r"\d+", "#", row.label) for row in result_with().rows()}
    for page in (ROOT / "README.md", ROOT / "docs" / "adaptation.md"):
        shown = re.findall(
            r"^\| ((?:Held-out|General English|Exam of).+?) \| \d", page.read_text(), re.MULTILINE
        )
        assert shown
        assert {re.sub(r"\d+", "#", label) for label in shown} <= known, page


def test_every_target_of_make_that_a_page_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE))
        assert named <= targets, page


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


def test_the_readmes_tree_names_every_room():
    (tree,) = blocks(ROOT / "README.md", "tree")
    listed = [re.match(r"(\S+?)/? +\S", line)[1] for line in tree.splitlines()]
    there = [path.name for path in PACKAGE.iterdir() if not path.name.startswith("__")]
    assert sorted(listed) == sorted(there)


def test_the_architecture_page_names_every_module():
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.partition("\n## The modules\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([\w/]+\.py)` \| \S", section, re.MULTILINE)
    there = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if not path.name.startswith("__")
    }
    assert there - set(listed) == set(), "modules that the page does not name"
    assert set(listed) - there == set(), "modules that the page names and the package lacks"
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_project_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        name, _, section = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if section:
            assert section in sections_of(path), target


def sections_of(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for name in re.findall(r"\]\((?!https?:)([^)#]+\.md)", page.read_text()):
            waiting.append((page.parent / name).resolve())
    assert {page for page in PAGES if page.name != "CHANGELOG.md"} <= reached
