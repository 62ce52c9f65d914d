"""The command `sapa`. Names, columns and JSON keys are a contract: others script against them (docs/cli.md)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml
from rich.console import Console
from rich.progress import track

from sapa import (
    cli_backup,
    cli_broadcast,
    cli_cost,
    cli_doctor,
    cli_growth,
    cli_keys,
    cli_programme,
    cli_registers,
    cli_rights,
    cli_sending,
    cli_staff,
    cli_templates,
    cli_timeline,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
db = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db, name="db")
content = typer.Typer(no_args_is_help=True, help="The texts families read.")
app.add_typer(content, name="content")
cases = typer.Typer(no_args_is_help=True, help="What a human must look at.")
app.add_typer(cases, name="cases")

for more in (
    cli_timeline,
    cli_growth,
    cli_rights,
    cli_broadcast,
    cli_staff,
    cli_programme,
    cli_registers,
    cli_templates,
    cli_sending,
    cli_doctor,
    cli_cost,
    cli_keys,
    cli_backup,
):
    more.register(app)

NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
notes = Console(stderr=True)


def main() -> None:
    """Entry point: a known trouble is one line and exit code 1, never a traceback."""
    try:
        app()
    except Trouble as trouble:
        fail(str(trouble))


class Trouble(Exception):
    """Something the user can mend; the message says what."""


def fail(message: str) -> NoReturn:
    """Say what is wrong and stop."""
    print(f"sapa: {message}", file=sys.stderr)
    raise SystemExit(1)


@app.command()
def ask(
    text: str,
    family: Annotated[Path | None, typer.Option("--family", help="FAMILY.yml: who asks.")] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """One question, one answer, nothing remembered."""
    tools = _asking()
    asked = tools.one(text, _family(family, now))
    if as_json:
        _print(asked.as_json())
        return
    print("\n\n".join(asked.reply))


@app.command(name="eval")
def evaluate(
    file: Path,
    out: Annotated[Path | None, typer.Option("--out", help="Write text, label, predicted, confidence, kind.")] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure understanding on a TSV of labelled sentences."""
    from sapa.services.ask import measure, read_examples

    try:
        examples = read_examples(_read(file))
    except ValueError as error:
        raise Trouble(f"{file}: {error}") from error
    if not examples:
        raise Trouble(f"{file}: no sentence in it")
    tools, nobody = _asking(), _family(None, now)
    asked = [
        tools.one(example.text, nobody)
        for example in track(examples, "asking", console=notes, disable=not sys.stderr.isatty())
    ]
    figures = measure(examples, asked)
    if out is not None:
        rows = [
            (example.text, example.label, got.label, f"{got.confidence:.4f}", got.kind)
            for example, got in zip(examples, asked, strict=True)
        ]
        _write_tsv(out, ("text", "label", "predicted", "confidence", "kind"), rows)
    if as_json:
        _print(figures)
        return
    for name, value in figures.items():
        if name != "labels":
            print(f"{name:22} {value}")


@app.command()
def chat(
    script: Annotated[str | None, typer.Option("--script", help="Steps as YAML, or - for JSON lines.")] = None,
    world: Annotated[Path | None, typer.Option("--world", help="WORLD.yml: posyandu, sessions, kader.")] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Talk to the bot; every run begins with an empty memory of its own."""
    from bot.script import ScriptedRun, ScriptError
    from sapa.services.worlds import WorldError

    def opened(moment: datetime) -> ScriptedRun:
        return ScriptedRun(_engine(), moment, _read(world) if world else None)

    try:
        if script is None:
            asyncio.run(_talk(opened(_moment(now) or datetime.now(UTC)), as_json))
        elif script == "-":
            asyncio.run(_play_lines(opened, _moment(now)))
        else:
            asyncio.run(_play_file(opened, _moment(now), Path(script)))
    except (ScriptError, WorldError) as error:
        raise Trouble(str(error)) from error


@app.command()
def language(file: Path, as_json: JsonOption = False) -> None:
    """In which language each line of a file is written: language, confidence, indonesian."""
    lines = _read(file).splitlines()
    detect = _offline_deps().detect_language
    verdicts = [(line, detect(line)) for line in lines]
    if as_json:
        _print(
            [
                {
                    "text": line,
                    "language": verdict.language,
                    "confidence": round(verdict.confidence, 4),
                    "indonesian": verdict.indonesian,
                }
                for line, verdict in verdicts
            ]
        )
        return
    for _, verdict in verdicts:
        print(f"{verdict.language}\t{verdict.confidence:.4f}\t{str(verdict.indonesian).lower()}")


@app.command()
def immunization(file: Path, now: NowOption = None, as_json: JsonOption = False) -> None:
    """The immunisation forecast of every child in a FAMILY.yml."""
    from sapa.services.family_file import immunization_report

    family = _family(file, now)
    report = immunization_report(family, _reasons())
    if as_json:
        _print(report)
        return
    for child in report:
        print(child["name"])
        for dose in child["doses"]:
            day = dose["given_on"] or dose["due"] or "-"
            print(f"  {dose['dose']:10} {dose['status']:9} {day:10}  {dose['reason'] or ''}".rstrip())


@db.command()
def upgrade() -> None:
    """Bring the database to the newest schema."""
    from sapa.bootstrap import StartError, prepare_database

    try:
        before, after = prepare_database()
    except StartError as error:
        raise Trouble(str(error)) from error
    print(f"database at {after}" if before == after else f"database brought from {before or 'nothing'} to {after}")


@content.command()
def status(now: NowOption = None, as_json: JsonOption = False) -> None:
    """Which texts there are, who signed them, when they must be reviewed, and what is missing (then exit code 1)."""
    from sapa import settings
    from sapa.services.content_status import CatalogueError, content_status, read_catalogue, trained_labels

    deps = _offline_deps()
    data = settings.ROOT / "data"
    try:
        catalogue = read_catalogue(_read(_content_folder() / "topics.yml"))
        trained = trained_labels(_read(path) for path in [data / "nlu.yml", *sorted((data / "nlu").glob("*.yml"))])
    except CatalogueError as error:
        raise Trouble(str(error)) from error
    state = content_status(catalogue, deps.content.ids(), deps.content.get, trained, _family(None, now).today)
    if as_json:
        _print(state.as_json())
    else:
        print("\n".join(_status_lines(state)))
    if not state.complete:
        raise SystemExit(1)


@content.command()
def preview(
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")],
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """One page with every message for sample families, to be read and signed on paper."""
    from sapa.services.content_preview import PreviewError, page, read_samples
    from sapa.services.content_preview import preview as make_preview

    deps, folder = _offline_deps(), _content_folder()
    nobody = _family(None, now)
    try:
        samples = read_samples(_read(folder / "preview.yml"), nobody.now, deps.default_timezone)
        shown = make_preview(deps, samples, _read(folder / "facts" / "README.md"), nobody.today)
        html = page(deps, shown)
    except PreviewError as error:
        raise Trouble(str(error)) from error
    _write(out, html)
    if as_json:
        _print(
            {"file": str(out), "messages": len(shown.entries), "versions": shown.variants, "bytes": len(html.encode())}
        )
        return
    print(f"{out}: {len(shown.entries)} messages in {shown.variants} versions")


@cases.command(name="list")
def list_cases(as_json: JsonOption = False) -> None:
    """Every open case: danger first, then the one that has waited longest."""
    from sapa.services.cases import open_cases

    found = open_cases(_running().deps)
    if as_json:
        _print([_case(case) for case in found])
        return
    for case in found:
        since = f"{case.opened_at:%Y-%m-%d %H:%M}"
        who = [case.address, case.name or "-", f"posyandu {case.posyandu}" if case.posyandu else "-"]
        hands = "told to nobody" if case.unassigned else f"taken by {case.taken_by}" if case.taken_by else "waiting"
        print("  ".join([f"#{case.number}", case.id[:8], f"{case.kind:11}", since, *who, hands]))
    print(f"{len(found)} open" if found else "none open")


@cases.command(name="close")
def close_case(
    case: Annotated[str, typer.Argument(help="The id, or its beginning.")],
    outcome: Annotated[str, typer.Option("--outcome", help="What came of it, in a few words.")],
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a case; the family's ordinary reminders go on."""
    from sapa.services.cases import NoSuchCase, close

    try:
        closed = close(_running().deps, case, outcome, _moment(now) or datetime.now(UTC))
    except NoSuchCase:
        raise Trouble(f"no single open case {case!r}; sapa cases list shows them") from None
    if as_json:
        _print(_case(closed))
        return
    print(f"closed {closed.id[:8]} ({closed.kind})")


def _case(case: Any) -> dict[str, Any]:
    return {**asdict(case), "opened_at": case.opened_at.isoformat()}


def _running() -> Any:
    """The application on the configured database."""
    from sapa.bootstrap import StartError, start

    try:
        return start()
    except StartError as error:
        raise Trouble(str(error)) from error


def _status_lines(state: Any) -> Iterator[str]:
    """The table of topics, what is missing, and the totals."""
    head = ("id", "status", "confidence", "reviewed_on", "review_by", "days left", "sources")
    rows = [
        (
            text.head.id,
            text.said,
            text.head.confidence or "-",
            str(text.head.reviewed_on),
            str(text.head.review_by),
            f"{text.days_left} overdue" if text.days_left < 0 else str(text.days_left),
            " ".join(text.head.sources),
        )
        for text in state.topics
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield from (f"no text: {topic}" for topic in state.missing)
    yield from (f"no training data: {label}" for label in state.untrained)
    told = state.as_json()
    totals, others = told["totals"], told["other_texts"]
    signed = f"signed off {totals['signed_off']} of {len(state.topics)}"
    yield f"{signed}; overdue {totals['overdue']}; next review {totals['next_review']}"
    yield "confidence: " + ", ".join(f"{name} {count}" for name, count in totals["confidence"].items())
    yield (
        f"other texts (danger, dialogue, reminders): {others['texts']}, signed off {others['signed_off']}, "
        f"overdue {others['overdue']}"
    )
    yield f"{totals['topics']} topics, {f'{len(state.missing)} missing' if state.missing else 'none missing'}"


# --- shared by the commands


def _asking() -> Any:
    """A loaded model and the texts, ready to answer."""
    from sapa.services.ask import answer
    from sapa.services.understanding import Understood

    engine, deps = _engine(), _offline_deps()
    content_ids = frozenset(deps.content.ids())
    titles = {content_id: deps.content.get(content_id).title for content_id in content_ids}
    loop = asyncio.new_event_loop()

    class Tools:
        def one(self, text: str, family: Any) -> Any:
            from sapa.messaging.text import neutralize

            said = neutralize(text)
            understood = (
                loop.run_until_complete(engine.understand(said)) if said else Understood((("out_of_scope", 1.0),))
            )
            return answer(deps, text, understood, family, content_ids, titles)

    return Tools()


def _offline_deps() -> Any:
    """What answers and texts need, without a database or a provider."""
    from sapa.bootstrap import StartError, answering

    try:
        return answering()
    except StartError as error:
        raise Trouble(str(error)) from error


def _engine() -> Any:
    from bot.local_engine import LocalEngine
    from bot.model_files import NoModel
    from sapa import settings

    try:
        with notes.status("loading the model") if sys.stderr.isatty() else _quiet():
            return LocalEngine(settings.load().model_dir)
    except (NoModel, settings.SettingsError) as error:
        raise Trouble(str(error)) from error


class _quiet:  # noqa: N801 (used like contextlib's own)
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def _family(file: Path | None, now: str | None) -> Any:
    """The family of a FAMILY.yml, or of nobody."""
    from sapa.family.people import Family
    from sapa.services.family_file import FamilyFileError, load_family

    if file is None:
        return Family(now=_moment(now) or datetime.now(UTC), timezone="Asia/Jakarta")
    try:
        return load_family(_read(file), now=now, clock=datetime.now(UTC)).family
    except FamilyFileError as error:
        raise Trouble(f"{file}: {error}") from error


def _reasons() -> dict[str, str]:
    """The sentence behind each reason code of the forecast."""
    from sapa import settings

    path = settings.load().content_dir / "kata" / "alasan-imunisasi.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _content_folder() -> Path:
    """The folder that holds the texts, the fact sheets and the catalogue of topics."""
    from sapa import settings

    return settings.load().content_dir.parent


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from bot.script import ScriptError, read_moment

    try:
        return read_moment(text, "--now")
    except ScriptError as error:
        raise Trouble(str(error)) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{path}: {error.strerror if isinstance(error, OSError) else 'not UTF-8 text'}") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Trouble(f"{path}: {error.strerror}") from error


def _write_tsv(path: Path, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    lines = ["\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row) for row in [head, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _print_line(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str), flush=True)


# --- chat

Opener = Callable[[datetime], Any]


async def _play_file(opened: Opener, now: datetime | None, path: Path) -> None:
    try:
        steps = yaml.safe_load(_read(path))
    except yaml.YAMLError as error:
        raise Trouble(f"{path}: not readable as YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise Trouble(f"{path}: a list of steps is needed")
    run = opened(now or _first_moment(steps))
    try:
        for step in steps:
            for line in await run.play(step):
                _print_line(line)
        for line in await run.finish():
            _print_line(line)
    finally:
        run.close()


async def _play_lines(opened: Opener, now: datetime | None) -> None:
    run = None
    try:
        for step in _json_lines():
            run = run or opened(now or _first_moment([step]))
            for line in await run.play(step):
                _print_line(line)
            _print_line({"direction": "end"})
        for line in await run.finish() if run else []:
            _print_line(line)
    finally:
        if run:
            run.close()


def _json_lines() -> Iterator[dict[str, Any]]:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            step = json.loads(line)
        except json.JSONDecodeError as error:
            raise Trouble(f"line {number}: not JSON ({error.msg})") from error
        if not isinstance(step, dict):
            raise Trouble(f"line {number}: a JSON object is needed")
        yield step


def _first_moment(steps: list[dict[str, Any]]) -> datetime:
    """A run begins when its first dated step does, so that nothing before it has already fallen due."""
    from bot.script import read_moment

    for step in steps:
        if "at" in step:
            return read_moment(step["at"], "at")
    return datetime.now(UTC)


async def _talk(run: Any, as_json: bool) -> None:
    """Talk at the keyboard; an empty line or Ctrl-D ends it."""
    if sys.stdin.isatty():
        notes.print("Write a message and press Enter. An empty line ends it.", style="dim")
    try:
        for text in sys.stdin:
            if not text.strip():
                break
            for line in await run.play({"user": text.rstrip("\n"), "at": datetime.now(UTC)}):
                if as_json:
                    _print_line(line)
                elif line["direction"] == "out":
                    print(line["text"] + "\n")
    finally:
        run.close()


if __name__ == "__main__":
    main()
