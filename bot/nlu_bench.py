"""Our understanding against stock Rasa's, trained on the same sentences: `python -m bot.nlu_bench`.

Both get the same messages, once as they are and once re-spelt with common abbreviations. Ours answers as the running
bot does: stop words, danger words, language, model, thresholds. Stock Rasa is its model and its thresholds alone, with
the same texts behind them. Beside the table: our classifier of labels in cross-validation on its own training
sentences, and on request how much of a list of slang we know. What the figures mean and how good they are: docs/nlu.md.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import inspect
import json
import logging
import math
import multiprocessing
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot import quiet
from bot.local_engine import LocalEngine
from bot.model_files import wanted_model
from bot.nlu import coverage
from sapa import settings
from sapa.bootstrap import StartError, answering
from sapa.family.people import Family
from sapa.messaging.states import Channel
from sapa.messaging.text import neutralize
from sapa.services.ask import Asked, Example, answer, measure, read_examples
from sapa.services.deps import Deps
from sapa.services.replies import render_reply
from sapa.services.respond import clarify, replies_for_label
from sapa.services.understanding import Understood

assert quiet  # imported for what it does

notes = Console(stderr=True)

# What `rasa init` would leave somebody with, less what only finds entities. DIET's own default is 300 epochs, which
# takes the better part of an hour here; it has long stopped learning by then.
_STOCK = """\
recipe: default.v1
language: id
assistant_id: stock
pipeline:
  - name: WhitespaceTokenizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: {epochs}
    random_seed: 7
  - name: FallbackClassifier
    threshold: 0.3
    ambiguity_threshold: 0.1
policies:
  - name: RulePolicy
"""

_NOBODY = Family(now=datetime(2026, 11, 22, 9, tzinfo=UTC), timezone="Asia/Jakarta")


class Trouble(Exception):
    """Something the user can mend; the message says what."""


# --- models


@dataclass(frozen=True)
class Trained:
    """A model and the seconds `rasa train` took for it, starting Rasa included; None if nobody wrote them down."""

    model: Path
    seconds: float | None


def stock_fingerprint(config: str, root: Path = settings.ROOT) -> str:
    """Twelve hexadecimal digits that change with the sentences, the domain or the pipeline; not with our components."""
    digest = hashlib.sha256(config.encode())
    for path in [root / "domain.yml", *sorted((root / "data").rglob("*.yml"))]:
        digest.update(b"\0" + path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def train(config: Path, model: Path, log: Path, fresh: bool) -> Trained:
    """The model of a pipeline, trained by Rasa's own command unless it is there already. Raises Trouble."""
    clocked = model.with_name(model.name.removesuffix(".tar.gz") + ".seconds")
    if fresh or not model.is_file():
        model.unlink(missing_ok=True)
        clocked.unlink(missing_ok=True)
        command = [sys.executable, "-m", "rasa", "train", "--force", "--config", str(config), "--domain", "domain.yml"]
        command += ["--data", "data", "--out", str(model.parent), "--fixed-model-name", clocked.stem]
        started = time.perf_counter()
        with log.open("w", encoding="utf-8") as out:
            code = subprocess.run(command, cwd=settings.ROOT, stdout=out, stderr=subprocess.STDOUT).returncode
        if code or not model.is_file():
            raise Trouble(f"training failed; the reason is at the end of {log}")
        clocked.write_text(f"{time.perf_counter() - started:.1f}\n", encoding="utf-8")
    return Trained(model, float(clocked.read_text(encoding="utf-8")) if clocked.is_file() else None)


class BareEngine(LocalEngine):
    """Asked like ours, but any model, and without actions."""

    def __init__(self, model: Path) -> None:
        from rasa.core.agent import Agent

        # Unasked, Rasa writes every message it understands to standard output.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        logging.getLogger("rasa").setLevel(logging.ERROR)
        self.agent = Agent.load(str(model))


# --- memory

_ASKED_FOR_MEMORY = 50  # messages


def memory_mb(model: Path, examples: Sequence[Example]) -> float:
    """Megabytes (10^6 bytes) of resident memory that a fresh process gains by loading a model and using it."""
    spread = examples[:: max(1, len(examples) // _ASKED_FOR_MEMORY)][:_ASKED_FOR_MEMORY]
    with _processes(1) as pool:
        return pool.submit(_gained, model, [example.text for example in spread]).result()


def _gained(model: Path, texts: Sequence[str]) -> float:
    """In the fresh process. Rasa, which every model needs, is there before; what only this model needs is counted."""
    import rasa.core.agent

    assert rasa.core.agent
    before = _resident_bytes()
    engine = BareEngine(model)

    async def ask() -> None:
        for text in texts:
            await engine.understand(neutralize(text) or "")

    asyncio.run(ask())
    return round((_resident_bytes() - before) / 1e6, 1)


def _resident_bytes() -> int:
    """Now, where the system tells it (Linux); else the most there has been (macOS, which counts in bytes)."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.is_file():
        return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _processes(workers: int) -> ProcessPoolExecutor:
    """Fresh processes: copies of this one would hold TensorFlow's locks and its memory."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


# --- cross-validation

_FOLDS = 5


@dataclass(frozen=True)
class Guess:
    """One sentence the model had not seen: where its intent stood (0 is first), its chance, the first one's chance."""

    place: int
    chance: float
    confidence: float


def training_sentences(root: Path = settings.ROOT) -> list[tuple[str, str]]:
    """Every sentence with its intent, in the order of the files."""
    found = []
    for path in sorted((root / "data").rglob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu") or ():
            lines = (block.get("examples") or "").splitlines()
            found += [(line.removeprefix("- "), block["intent"]) for line in lines if line.startswith("- ")]
    return found


def cross_validate(sentences: Sequence[tuple[str, str]], folds: int, done: Callable[[], None]) -> dict[str, Any]:
    """Figures of our classifier of labels on sentences it did not learn, `done` after each fold; two processes.

    Stratified by intent, so at least two sentences of each are needed. Sentences of one intent were written by the
    same hands and many are alike, so the figures are better than those of strangers' messages; they are for comparing
    one version with the next. Danger words and the eye for danger (bot.nlu.danger_watch) have no part in them.
    """
    from sklearn.model_selection import StratifiedKFold

    component, threshold = _our_pipeline()
    texts, intents = zip(*sentences, strict=True)
    split = list(StratifiedKFold(folds, shuffle=True, random_state=component["seed"]).split(texts, intents))
    guesses: list[Guess] = []
    with _processes(2) as pool:
        running = []
        for seen, unseen in split:
            parts = [[sentences[i] for i in part] for part in (seen, unseen)]
            running.append(pool.submit(_guess, component, *parts))
        for finished in as_completed(running):
            guesses += finished.result()
            done()
    return {"folds": folds} | cross_validation_figures(guesses, threshold)


def _guess(
    component: Mapping[str, Any], seen: Sequence[tuple[str, str]], unseen: Sequence[tuple[str, str]]
) -> list[Guess]:
    from bot.nlu.linear import LinearModel

    known = inspect.signature(LinearModel).parameters
    model = LinearModel(**{name: value for name, value in component.items() if name in known})
    model.fit([text for text, _ in seen], [intent for _, intent in seen])
    return [_guessed(model.ranking(text), intent) for text, intent in unseen]


def _guessed(ranking: Sequence[tuple[str, float]], intent: str) -> Guess:
    """A sentence without words gets no ranking: its intent stands nowhere, at no chance."""
    for place, (name, chance) in enumerate(ranking):
        if name == intent:
            return Guess(place, chance, ranking[0][1])
    return Guess(sys.maxsize, 0.0, 0.0)


def cross_validation_figures(guesses: Sequence[Guess], threshold: float) -> dict[str, Any]:
    """Shares of all sentences; `sure` are those at or above the threshold, `right_when_sure` is a share of them."""
    sure = [guess for guess in guesses if guess.confidence >= threshold]
    losses = [-math.log(max(guess.chance, 1e-12)) for guess in guesses]
    return {
        "sentences": len(guesses),
        "top1": _share([guess.place == 0 for guess in guesses]),
        "top3": _share([guess.place < 3 for guess in guesses]),
        "log_loss": round(sum(losses) / len(losses), 4) if losses else 0.0,
        "threshold": threshold,
        "sure": _share([guess.confidence >= threshold for guess in guesses]),
        "right_when_sure": _share([guess.place == 0 for guess in sure]),
    }


def _our_pipeline() -> tuple[dict[str, Any], float]:
    """The settings of our classifier of labels and the threshold below which the bot asks back, from config.yml."""
    from bot.nlu.linear import LinearIntentClassifier

    pipeline = yaml.safe_load((settings.ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    named = {part["name"].rpartition(".")[2]: part for part in pipeline}
    component = LinearIntentClassifier.get_default_config() | named[LinearIntentClassifier.__name__]
    return component, float(named["FallbackClassifier"]["threshold"])


def _cross_validation_lines(found: Mapping[str, Any]) -> list[str]:
    return [
        f"ours in cross-validation: {found['sentences']} training sentences, {found['folds']} folds",
        f"{'right label first (top-1)':<52}{found['top1']:>8.1%}",
        f"{'right label among three (top-3)':<52}{found['top3']:>8.1%}",
        f"{'log loss':<52}{found['log_loss']:>8.3f}",
        f"{'confidence of {:.2f} or more'.format(found['threshold']):<52}{found['sure']:>8.1%}",
        f"{'  of these right':<52}{found['right_when_sure']:>8.1%}",
    ]


# --- answering


@dataclass(frozen=True)
class Texts:
    """What every answer needs beside the understanding."""

    deps: Deps
    content_ids: frozenset[str]
    titles: dict[str, str]

    @classmethod
    def of(cls, deps: Any) -> Texts:
        """The texts as they are in content/id."""
        ids = frozenset(deps.content.ids())
        return cls(deps, ids, {content_id: deps.content.get(content_id).title for content_id in ids})


Answering = Callable[[Texts, str, Understood], Asked]


def answer_ours(texts: Texts, text: str, understood: Understood) -> Asked:
    """As the running bot answers."""
    return answer(texts.deps, text, understood, _NOBODY, texts.content_ids, texts.titles)


def answer_stock(texts: Texts, text: str, understood: Understood) -> Asked:
    """The model's word alone: no stop words, no danger words, no language; unsure when its thresholds say so."""
    label, confidence = understood.label, understood.confidence
    replies = replies_for_label(label, 1.0, text, texts.content_ids)
    if understood.unsure:
        replies = (clarify(understood.ranking, texts.content_ids, texts.titles),)
    rendered = [render_reply(texts.deps, reply, Channel.WHATSAPP, _NOBODY) for reply in replies]
    return Asked(label, confidence, understood.ranking[1:4], rendered[0].kind, tuple(part.text for part in rendered))


# --- messages


def read_respelling(text: str) -> dict[str, str]:
    """Word -> how it is written in haste, from a TSV. Raises ValueError.

    Two kinds: `word, written`, one line a word; or `formal, form` and columns of counts, many lines a word: then the
    commonest form that differs from the word is taken, by the sum of its counts.
    """
    head, *lines = text.splitlines() or [""]
    if head.split("\t")[:2] == ["formal", "form"]:
        return _commonest_forms(lines)
    table: dict[str, str] = {}
    for number, line in enumerate(lines, 2):
        word, separator, written = line.partition("\t")
        if not (separator and word and written) or word in table:
            raise ValueError(f"line {number}: one new word and what is written for it, separated by a tab, are needed")
        table[word] = written
    return table


def _commonest_forms(lines: Sequence[str]) -> dict[str, str]:
    counts: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, 2):
        formal, form, *numbers = line.split("\t")
        if not numbers or not all(number_.strip().isdigit() for number_ in numbers):
            raise ValueError(f"line {number}: formal, form and counts, separated by tabs, are needed")
        seen = sum(map(int, numbers))
        if form != formal and seen > counts.get(formal, (0, ""))[0]:
            counts[formal] = (seen, form)
    return {formal: form for formal, (_, form) in counts.items()}


def respell(text: str, table: Mapping[str, str]) -> str:
    """The text with every whole word of the table written in haste; what is not in the table stays as it is."""
    return re.sub(r"[^\W\d_]+", lambda found: table.get(found[0].lower(), found[0]), text)


# --- figures


def figures(examples: Sequence[Example], asked: Sequence[Asked], seconds: Sequence[float]) -> dict[str, Any]:
    """The figures of one column: those of `sapa eval`, what matters most by itself, and the time of a message."""
    pairs = list(zip(examples, asked, strict=True))
    found = measure(examples, asked)
    del found["labels"]
    dangers = [got.kind == "danger" for example, got in pairs if example.label == "danger"]
    outside = [
        got.kind == "answer" and not example.right(got.label)
        for example, got in pairs
        if example.label == "out_of_scope"
    ]
    # A choice of topics is no answer to a loss: only the label, and sure of it, counts.
    losses = [
        not example.right(got.label) or got.kind in ("clarify", "fallback")
        for example, got in pairs
        if example.label == "flow/duka"
    ]
    return found | {
        "danger_answered": _share(dangers),
        "out_of_scope_answered": _share(outside),
        "duka_missed": _share(losses),
        "ms_p50": round(1000 * _percentile(seconds, 0.50), 1),
        "ms_p95": round(1000 * _percentile(seconds, 0.95), 1),
    }


def _share(hits: Sequence[bool]) -> float:
    return round(sum(hits) / len(hits), 4) if hits else 0.0


def _percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


# Name in JSON, what a person reads, and how it is written.
_ROWS = (
    ("top1", "right label first (top-1)", "{:.1%}"),
    ("top3", "right label among three (top-3)", "{:.1%}"),
    ("answered", "answered with a topic", "{:.1%}"),
    ("answered_wrong", "answered with a wrong topic", "{:.1%}"),
    ("clarified", "asked back with a choice", "{:.1%}"),
    ("danger_recall", "danger: labelled so (recall)", "{:.1%}"),
    ("danger_answered", "danger: answered so", "{:.1%}"),
    ("danger_false_alarms", "danger: false alarms, of all others", "{:.1%}"),
    ("out_of_scope_answered", "out of scope, answered as a topic", "{:.1%}"),
    ("duka_missed", "a loss (flow/duka) missed", "{:.1%}"),
    ("ms_p50", "a message, half within (ms)", "{:.1f}"),
    ("ms_p95", "a message, 95 of 100 within (ms)", "{:.1f}"),
    ("memory_mb", "memory of the loaded model (MB)", "{:.0f}"),
    ("train_seconds", "training (s)", "{:.0f}"),
)


def table(columns: Mapping[str, Mapping[str, Any]], messages: int, respelt: int) -> Table:
    """One table; shares are of all messages unless the row says otherwise."""
    title = f"{messages} messages; re-spelt: {respelt} of them changed"
    drawn = Table("", title=title, title_justify="left")
    for name in columns:
        drawn.add_column(name.replace("_", " "), justify="right")
    for key, meaning, form in _ROWS:
        cells = [column.get(key) for column in columns.values()]
        drawn.add_row(meaning, *("-" if cell is None else form.format(cell) for cell in cells))
    return drawn


# --- the run


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        yield progress


def _say(progress: Progress, what: str, total: int | None = None) -> Any:
    """A new line of progress; without a terminal, one plain line."""
    if not notes.is_terminal:
        notes.print(f"{what} ...")
    return progress.add_task(what, total=total)


def run(
    examples: list[Example], respelling: Mapping[str, str], epochs: int, fresh: bool, folds: int = 0
) -> dict[str, Any]:
    """Train what is missing, ask everything, measure; no cross-validation with 0 folds.

    Raises Trouble, StartError, settings.SettingsError.
    """
    config = settings.load()
    folder = config.model_dir / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    config.var_dir.mkdir(parents=True, exist_ok=True)
    texts = Texts.of(answering())
    hasty = [replace(example, text=respell(example.text, respelling)) for example in examples]
    columns: dict[str, dict[str, Any]] = {}
    with _progress() as progress:
        for name, respond, trained, load in _contestants(progress, folder, config.var_dir, epochs, fresh):
            task = _say(progress, f"{name}: memory")
            once = {"train_seconds": trained.seconds, "memory_mb": memory_mb(trained.model, examples)}
            progress.update(task, total=1, completed=1)
            engine = load()
            for suffix, sentences in (("", examples), ("_respelt", hasty)):
                task = _say(progress, f"asking {name}{suffix}".replace("_", " "), len(sentences))
                asked, seconds = _ask(engine, respond, texts, sentences, partial(progress.advance, task))
                columns[name + suffix] = figures(sentences, asked, seconds) | once
        validated = _cross_validation(progress, folds) if folds else None
    changed = sum(before.text != after.text for before, after in zip(examples, hasty, strict=True))
    report = {"messages": len(examples), "respelt": changed, "epochs": epochs, "columns": columns}
    return report | {"cross_validation": validated}


def _cross_validation(progress: Progress, folds: int) -> dict[str, Any]:
    task = _say(progress, f"ours: cross-validation, {folds} folds (some minutes)", folds)
    return cross_validate(training_sentences(), folds, partial(progress.advance, task))


def _contestants(
    progress: Progress, folder: Path, var_dir: Path, epochs: int, fresh: bool
) -> Iterator[tuple[str, Answering, Trained, Callable[[], LocalEngine]]]:
    task = _say(progress, "ours: training, unless its model is there (two to three minutes)")
    ours = train(settings.ROOT / "config.yml", wanted_model(folder), var_dir / "nlu-bench-ours.log", fresh)
    progress.update(task, total=1, completed=1)
    yield "ours", answer_ours, ours, lambda: LocalEngine(folder)

    task = _say(progress, f"stock Rasa: training {epochs} epochs, unless its model is there (many minutes)")
    config = _STOCK.format(epochs=epochs)
    name = f"stock-{stock_fingerprint(config)}"
    (folder / f"{name}.yml").write_text(config, encoding="utf-8")
    stock = train(folder / f"{name}.yml", folder / f"{name}.tar.gz", var_dir / "nlu-bench-stock.log", fresh)
    progress.update(task, total=1, completed=1)
    yield "stock", answer_stock, stock, lambda: BareEngine(stock.model)


def _ask(
    engine: LocalEngine, respond: Answering, texts: Texts, examples: Sequence[Example], done: Callable[[], None]
) -> tuple[list[Asked], list[float]]:
    """What each message got, and the seconds it took from text to rendered reply; the first is asked twice."""
    loop = asyncio.new_event_loop()

    def one(text: str) -> Asked:
        said = neutralize(text)
        understood = loop.run_until_complete(engine.understand(said)) if said else Understood((("out_of_scope", 1.0),))
        return respond(texts, text, understood)

    one(examples[0].text)  # the first message of a process also loads tables
    asked, seconds = [], []
    for example in examples:
        started = time.perf_counter()
        asked.append(one(example.text))
        seconds.append(time.perf_counter() - started)
        done()
    loop.close()
    return asked, seconds


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{path}: {error.strerror if isinstance(error, OSError) else 'not UTF-8 text'}") from error


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nlu-bench", description="Our understanding against stock Rasa's.")
    data = settings.ROOT / "tests" / "data"
    parser.add_argument("--file", type=Path, default=data / "dev.tsv", help="labelled messages, as for `sapa eval`")
    parser.add_argument("--respell", type=Path, default=data / "respell.tsv", help="words and what is written for them")
    parser.add_argument("--epochs", type=int, default=30, help="of the stock classifier (default 30)")
    parser.add_argument("--fresh", action="store_true", help="train again even where the model is there")
    parser.add_argument("--no-cv", action="store_true", help="leave the cross-validation out")
    parser.add_argument("--slang", type=Path, metavar="FILE", help="TSV of typed forms and meanings: how many we know")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(argv)


def _report(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything asked for; the files are read first, so that what is wrong with them shows at once."""
    examples = read_examples(_read(arguments.file))
    if not examples:
        raise Trouble(f"{arguments.file}: no sentence in it")
    respelling = read_respelling(_read(arguments.respell))
    slang = None
    if arguments.slang:
        slang = coverage.cover(coverage.read_reference(_read(arguments.slang))).figures()
    folds = 0 if arguments.no_cv else _FOLDS
    return run(examples, respelling, arguments.epochs, arguments.fresh, folds) | {"slang": slang}


def _print(report: Mapping[str, Any]) -> None:
    drawn = table(report["columns"], report["messages"], report["respelt"])
    Console(width=None if sys.stdout.isatty() else 120).print(drawn)
    if report["cross_validation"]:
        print("", *_cross_validation_lines(report["cross_validation"]), sep="\n")
    if report["slang"]:
        print("", *coverage.lines_of(report["slang"]), sep="\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 with one clear line where it cannot be made."""
    arguments = _arguments(argv)
    try:
        report = _report(arguments)
    except (Trouble, StartError, settings.SettingsError, ValueError) as error:
        print(f"nlu-bench: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
