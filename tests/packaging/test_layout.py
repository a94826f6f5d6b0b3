"""What holds of the repository as a whole: its layout, its rules of import, its documents."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer

from halfulp import api
from halfulp.cli import main

REPOSITORY = Path(__file__).parents[2]
ROOTS = [REPOSITORY / name for name in ("suite", "backends", "reports")]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


# -- code --------------------------------------------------------------------------------------


def test_the_rules_of_import_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--config", str(REPOSITORY / "pyproject.toml"), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_halfulp_loads_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import halfulp; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - sys.stdlib_module_names == {"halfulp"}


def test_modules_have_names_that_say_what_they_hold() -> None:
    modules = {path.stem for root in ROOTS for path in root.rglob("*.py")}
    assert modules.isdisjoint({"utils", "util", "helpers", "common", "misc"})


def test_every_source_root_holds_one_typed_package() -> None:
    for root in ROOTS:
        packages = [path for path in root.iterdir() if path.is_dir() and path.name != "__pycache__"]
        assert len(packages) == 1
        assert (packages[0] / "py.typed").is_file()


# -- documents ---------------------------------------------------------------------------------


def commands(document: Path) -> list[list[str]]:
    """Return the words of each command in a document's console blocks: of lines after `$ `."""
    blocks = [body for kind, body in BLOCK.findall(document.read_text()) if kind == "console"]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    typed_lines = [line.strip()[2:] for line in lines if line.lstrip().startswith("$ ")]
    return [shlex.split(line, comments=True) for line in typed_lines]


def typed(program: str) -> list[Any]:
    """Return what follows a program in the commands of all documents, as test parameters."""
    return [
        pytest.param(words[1:], id=f"{document.name}: {shlex.join(words)}")
        for document in DOCUMENTS
        for words in commands(document)
        if words[0] == program
    ]


def test_the_readme_shows_commands() -> None:
    shown = commands(REPOSITORY / "README.md")
    assert ["make", "run"] in shown
    assert ["make", "test"] in shown
    assert sum(words[0] == "halfulp" for words in shown) >= 5


@pytest.mark.parametrize("words", typed("halfulp"))
def test_commands_in_documents_are_understood(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run each up to where inputs would be evaluated, beside the study that `init` writes."""

    def stop(*_: object, **__: object) -> NoReturn:
        raise typer.Exit

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "measured", stop)
    monkeypatch.setattr(api, "carry_out", stop)
    monkeypatch.setattr(api, "timed", stop)
    monkeypatch.setattr(api, "noise", stop)
    assert words[:1] == ["init"] or main(["init"]) == 0
    assert main(words) == 0


@pytest.mark.parametrize("words", typed("make"))
def test_make_targets_in_documents_exist(words: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert {word for word in words if "=" not in word} <= set(targets)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_in_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    files = [link.partition("#")[0] for link in links if "://" not in link]
    for name in filter(None, files):
        assert (document.parent / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_in_documents_compiles(document: Path) -> None:
    for kind, body in BLOCK.findall(document.read_text()):
        if kind in {"python", "py"}:
            compile(body, document.name, "exec")
