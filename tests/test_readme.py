"""The README's examples are run, its card is checked, its tree is the tree."""

import io
import re
import shlex
from contextlib import redirect_stdout

import pytest
import yaml

from mlm_demo.cli.main import main
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app, launch
from tests.support.paths import ROOT, free_port
from tests.support.runs import kill_workers

README = (ROOT / "README.md").read_text()
NUMBER = re.compile(r"-?\d+\.\d+")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def examples():
    for block in blocks("console"):
        for part in block.split("$ ")[1:]:
            command, _, output = part.partition("\n")
            yield command, output.rstrip()


@pytest.mark.parametrize(("command", "output"), examples(), ids=lambda value: value[:40])
def test_a_shell_example_prints_what_the_readme_shows(command, output, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    python, m, package, *words = shlex.split(command)
    assert (python, m, package) == ("python", "-m", "mlm_demo")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert NUMBER.sub("#", out.rstrip()) == NUMBER.sub("#", output)
    printed = [float(n) for n in NUMBER.findall(out)]
    assert printed == pytest.approx([float(n) for n in NUMBER.findall(output)], rel=0.01, abs=0.02)


def test_the_http_examples_print_what_the_readme_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    settings = Settings(device="cpu", port=free_port(), data=str(tmp_path))
    demo = create_app(settings)
    launch(demo, settings)
    (output,) = blocks("text")
    printed = io.StringIO()
    code = "\n".join(blocks("python")).replace(":7860", f":{settings.port}")
    try:
        with redirect_stdout(printed):
            exec(compile(code, "README", "exec"), {})  # noqa: S102
    finally:
        demo.close()
        kill_workers(demo.service.runs)
    assert printed.getvalue() == output + "running\n"


def test_the_card_is_valid():
    card = yaml.safe_load(README.split("---\n")[1])
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert card["sdk"] == "gradio"
    assert card["sdk_version"] == pins["gradio"]
    assert card["python_version"] in ("3.11", "3.12", "3.13")
    assert (ROOT / card["app_file"]).is_file()
    assert card["license"] == "apache-2.0"
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {card["colorFrom"], card["colorTo"]} <= colours
    assert len(card["emoji"]) == 1
    assert len(card["short_description"]) <= 60
    assert card["models"] == [c.name for c in KNOWN_MODELS if c.kind == "hub"]
    for entry in card["preload_from_hub"]:
        name, files = entry.split(" ")
        assert name in card["models"]
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(files.split(","))


def test_the_models_listed_are_the_catalogue():
    for checkpoint in KNOWN_MODELS:
        row = next(line for line in README.splitlines() if line.startswith(f"| `{checkpoint.name}`"))
        assert f"| {checkpoint.domain} | {checkpoint.megabytes} MB" in row
        assert row.endswith(f"| {checkpoint.license} |")


def test_the_tree_has_a_line_for_every_file():
    tracked = [ROOT / "app.py", *(ROOT / "mlm_demo").rglob("*.py"), *(ROOT / "docs").glob("*.md")]
    tracked += (ROOT / "benchmarks").glob("*.py")
    tree = blocks("tree")[0]
    for path in tracked:
        assert re.search(rf"\b{re.escape(path.name)} +\S", tree), path


def test_links_inside_the_project_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "assets").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"
