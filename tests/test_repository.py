"""The repository keeps its own promises: its files agree with each other, its tools are content, its pages are true."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml
from alembic.config import Config
from alembic.script import ScriptDirectory

from sapa import settings
from sapa.cli import app as command_line
from sapa.content import ContentLibrary
from sapa.services.family_file import load_family
from sapa.services.worlds import read_world

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=300)


@cache
def _tracked() -> tuple[Path, ...]:
    """The files git knows; the test is skipped where this is not a working copy."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed: what is tracked cannot be told")
    listed = _run("git", "ls-files", "-z")
    if listed.returncode != 0:
        pytest.skip("not a git working copy: what is tracked cannot be told")
    return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def _tracked_texts() -> list[tuple[str, str]]:
    """Name and text of every tracked file that is text."""
    texts = []
    for path in _tracked():
        try:
            texts.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return texts


# --- the tools: one command, `make test`, covers them all


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("-m", "ruff", "check", "."), id="ruff"),
        pytest.param(("-m", "ruff", "format", "--check", "."), id="ruff format"),
        pytest.param(("-m", "mypy"), id="mypy --strict on sapa"),
        pytest.param(("tools/build_rules.py", "--check"), id="rules and intents follow content/topics.yml"),
    ],
)
def test_a_tool_finds_nothing_to_complain_about(command: tuple[str, ...]) -> None:
    done = _run(sys.executable, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_go_in_the_directions_of_the_house() -> None:
    done = _run(TOOLS / "lint-imports", "--no-logo")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_is_strict_on_the_heart() -> None:
    project = _read("pyproject.toml")
    section = project.split("[tool.mypy]")[1].split("\n[")[0]
    assert "strict = true" in section and 'packages = ["sapa"]' in section


def test_pre_commit_runs_the_same_tools_and_downloads_none() -> None:
    hooks = yaml.safe_load(_read(".pre-commit-config.yaml"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    entries = " ".join(hook["entry"] for hook in hooks[0]["hooks"])
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "tools/build_rules.py --check"):
        assert tool in entries and tool in _read("Makefile")


def test_the_lock_file_is_in_step_with_the_project() -> None:
    found = (shutil.which("uv"), ROOT / ".uv" / "bin" / "uv", ROOT / ".uv" / "lib" / "bin" / "uv")
    uv = next((path for path in found if path is not None and Path(path).is_file()), None)
    if uv is None:
        pytest.skip("uv is not here: whether uv.lock is in step cannot be told")
    done = _run(uv, "lock", "--check", "--offline")
    if done.returncode != 0 and "needs to be updated" not in done.stderr:
        pytest.skip(f"uv cannot tell offline: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


def test_every_package_is_locked_from_one_public_index() -> None:
    indexes = Counter(re.findall(r'registry = "([^"]+)"', _read("uv.lock")))
    assert len(indexes) == 1 and next(iter(indexes)).startswith("https://")


# --- commands


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", _read("Makefile"), re.MULTILINE))


def test_the_two_commands_of_the_readme_exist() -> None:
    readme = _read("README.md")
    assert "make run" in readme and "make test" in readme
    named = set(re.findall(r"`make ([a-z]+)", readme + _read("CONTRIBUTING.md") + _read("docs/cli.md")))
    assert {"run", "test"} <= _targets() and named <= _targets()


def test_the_continuous_integration_calls_the_very_command_of_the_readme() -> None:
    assert re.search(r"^make test\b", _read(".ci/run"), re.MULTILINE)


def test_every_process_of_the_procfile_can_be_started() -> None:
    modules = re.findall(r"^\w+: python -m ([\w.]+)$", _read("Procfile"), re.MULTILINE)
    assert len(modules) == len([line for line in _read("Procfile").splitlines() if line.strip()]) > 0
    # In a process of their own: importing one of them may change what Python warns about.
    check = "import importlib, sys; [importlib.import_module(name).main for name in sys.argv[1:]]"
    done = _run(sys.executable, "-c", check, *modules)
    assert done.returncode == 0, done.stderr


def test_every_command_is_explained_in_its_page() -> None:
    page = _read("docs/cli.md")
    names = [command.name or command.callback.__name__ for command in command_line.registered_commands]  # type: ignore[union-attr]
    names += [
        f"{group.name} {command.name or command.callback.__name__}"  # type: ignore[union-attr]
        for group in command_line.registered_groups
        for command in group.typer_instance.registered_commands  # type: ignore[union-attr]
    ]
    assert {"ask", "db upgrade", "content status"} <= set(names)
    assert [name for name in names if f"sapa {name}" not in page] == []


def test_the_examples_of_the_command_line_page_can_be_used() -> None:
    script, world, family = re.findall(r"```yaml\n(.*?)```", _read("docs/cli.md"), re.DOTALL)
    assert all(isinstance(step, dict) for step in yaml.safe_load(script))
    places, sessions = read_world(world)
    assert len(places) == len(sessions) == 1
    read = load_family(family)
    assert read.family.children and read.pregnancy and read.postpartum and read.contraception and read.wedding


# --- settings

_SETTING = re.compile(r"[A-Z]+(?:_[A-Z]+)+")


def _settings_read() -> set[str]:
    """Every name sapa/settings.py asks the environment for."""
    tree = ast.parse(_read("sapa/settings.py"))
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in strings if _SETTING.fullmatch(text)}


def _settings_explained() -> dict[str, str]:
    """Every NAME=value line of .env.example, whether it is switched on or not."""
    return dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", _read(".env.example"), re.MULTILINE))


def test_every_setting_is_explained_and_nothing_else() -> None:
    # One is systemd's own, set by it and by nobody else.
    assert set(_settings_explained()) == _settings_read() - {"CREDENTIALS_DIRECTORY"}


def test_the_example_shows_the_defaults() -> None:
    assert settings.load(_settings_explained()) == settings.load({})


def test_every_setting_stands_below_words_that_explain_it() -> None:
    blocks = _read(".env.example").split("\n\n")
    bare = [block for block in blocks if re.search(r"^#?[A-Z_]+=", block, re.MULTILINE) and not block.startswith("# ")]
    assert bare == []


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    pages = [name for name, _ in _tracked_texts() if name.endswith(".md") and not name.startswith("content/")]
    named = {setting for page in pages for setting in re.findall(r"\b(?:SAPA|TWILIO)_[A-Z_]+[A-Z]\b", _read(page))}
    # What is secret may stand in a file of its own: NAME_FILE.
    known = _settings_read() | {f"{name}_FILE" for name in _settings_read()} | {"SAPA_SHOTS"}
    assert named - known == set()


# --- the database


def test_there_is_one_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "sapa" / "store" / "migrations"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


# --- content and training data


def _catalogue() -> dict[str, object]:
    return dict(yaml.safe_load(_read("content/topics.yml")))


def _topic_ids() -> list[str]:
    return [topic["id"] for topic in _catalogue()["topics"]]  # type: ignore[attr-defined]


def test_every_topic_stands_in_the_catalogue_once() -> None:
    assert [topic for topic, count in Counter(_topic_ids()).items() if count > 1] == []


def test_every_label_of_the_catalogue_is_an_intent_with_examples_to_learn_from() -> None:
    labels = {*_topic_ids(), *_catalogue()["labels"]}  # type: ignore[misc]
    domain = set(yaml.safe_load(_read("domain.yml"))["intents"])
    learned = {
        entry["intent"]
        for path in sorted((ROOT / "data").rglob("*.yml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu", [])
        if "intent" in entry
    }
    assert {label.replace("/", ".") for label in labels} <= domain
    assert learned == domain


def test_every_file_of_content_is_loaded() -> None:
    folder = ROOT / "content" / "id"
    files = {path.relative_to(folder).as_posix().removesuffix(".md") for path in folder.rglob("*.md")}
    files = {name for name in files if not name.startswith("_")}
    assert set(ContentLibrary.load(folder).ids()) == files


def test_the_facts_are_those_their_page_lists_and_every_text_names_facts_that_are_there() -> None:
    facts = ROOT / "content" / "facts"
    listed = set(re.findall(r"^\| `(\w+\.yml)` \|", (facts / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {path.name for path in facts.glob("*.yml")}
    library = ContentLibrary.load(ROOT / "content" / "id")
    named = {fact for content_id in library.ids() for fact in library.get(content_id).facts}
    named |= {topic["fakta"] for topic in _catalogue()["topics"] if "fakta" in topic}  # type: ignore[attr-defined]
    assert named <= listed


# --- the pages


def test_the_changelog_tells_of_this_version() -> None:
    version = re.search(r'^version = "([^"]+)"', _read("pyproject.toml"), re.MULTILINE)
    assert version is not None
    heads = re.findall(r"^## (\S+)", _read("CHANGELOG.md"), re.MULTILINE)
    assert heads and set(heads) & {"Unreleased", version[1]}


def test_every_link_from_page_to_page_leads_somewhere() -> None:
    broken = []
    for name, text in _tracked_texts():
        if not name.endswith(".md") or name.startswith("content/"):
            continue
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target and not (ROOT / name).parent.joinpath(target).exists():
                broken.append(f"{name}: {target}")
    assert broken == []


def test_the_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1)) and numbers


# --- what must never get in

_MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:work|tmp|root|home/\w+|Users/\w+)/|\b[A-Z]:\\Users\\")
_SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    re.compile(r"\bgh[pousr]_\w{36}|\bxox[abprs]-\w|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{20,}\.eyJ"),
    re.compile(r"\b(?:AC|SK|HX|MG)([0-9a-f]{32})\b"),
    re.compile(r"(?i)(?:token|secret|passw\w*|api_?key)[\"']?\s*[:=]\s*[\"']?([0-9a-z+/_-]{24,})"),
)


def _looks_secret(line: str) -> bool:
    """A key, or something long and mixed enough to be one; zeros and counted digits are nobody's secret."""
    for pattern in _SECRETS:
        for found in pattern.finditer(line):
            value = found.group(found.lastindex or 0)
            if found.lastindex is None or (
                len(set(value)) >= 9 and re.search(r"[a-zA-Z]", value) and re.search(r"\d", value)
            ):
                return True
    return False


def _lines_where(wrong: re.Pattern[str] | None) -> list[str]:
    return [
        f"{name}:{number}"
        for name, text in _tracked_texts()
        if name != "uv.lock"
        for number, line in enumerate(text.splitlines(), 1)
        if (wrong.search(line) if wrong else _looks_secret(line))
    ]


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert _lines_where(_MACHINE_PATH) == []


def test_no_file_holds_what_looks_like_a_secret() -> None:
    assert _lines_where(None) == []


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("TWILIO_ACCOUNT_SID=AC" + "0123456789abcdef" * 2, True),
        ("account_sid = 'AC" + "0" * 32 + "'", False),
        ('auth_token: "' + "9f8e7d6c5b4a39281706f5e4d3c2b1a0" + '"', True),
        ('TOKEN = "' + "1234567890" * 3 + '"', False),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", True),
        ("the token is kept out of every file", False),
    ],
)
def test_what_looks_like_a_secret(line: str, secret: bool) -> None:
    assert _looks_secret(line) is secret


_LOCAL = ("var/", "models/", "results/", ".venv/", ".uv/", ".cache/", ".config/", ".keras/", ".mock/", ".rasa/")


def test_local_files_stay_local() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in _tracked()}
    assert sorted(name for name in names if name == ".env" or name.startswith(_LOCAL)) == []


def test_the_licence_is_the_one_the_project_declares() -> None:
    licence = _read("LICENSE")
    assert "Apache License" in licence and "Version 2.0" in licence and "The Sapa Keluarga authors" in licence
    assert 'license = { text = "Apache-2.0" }' in _read("pyproject.toml")
