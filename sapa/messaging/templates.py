"""WhatsApp templates: fixed words with numbered gaps, approved once by Meta; they alone may begin a conversation.

Pure: what a template is, what Meta would refuse about it, how its gaps are filled so that the whole stays within the
length. The files are in content/id/templates; docs/templates.md tells their way to approval. The rules are those of
Meta and Twilio (content template guidelines, Twilio errors 63013, 63021, 63040); where they name no number ("enough
fixed words") ours is on the safe side.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MAX_TEXT = 1024  # characters of the body with its values
MAX_BUTTONS, MAX_BUTTON_TITLE = 10, 20  # quick replies of an approved template
MAX_NAME = 60  # Meta allows 512; the version is added, and tables and reports keep short names
CODE_MINUTES = 10  # how long a login code holds, as Meta's own wording says it
AUTHENTICATION = "authentication"
CATEGORIES = ("utility", AUTHENTICATION, "marketing")
# Words and gaps together must be at least three times the gaps and one more, or Meta finds too many gaps for the
# length. A single gap needs more: a body that is all gap says nothing to the reviewer.
_WORDS_A_GAP, _MIN_WORDS = 3, 8
# How a cut is shown.
_CUT = "..."

_GAP = re.compile(r"\{\{(\d+)\}\}")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VERSION = re.compile(r"(?P<base>.+)_v(?P<number>[0-9]+)")
_LANGUAGE = re.compile(r"[a-z]{2}(_[A-Z]{2})?")
_SENTENCE_END = re.compile(r"[.!?;:](?=\s)")


@dataclass(frozen=True)
class Button:
    """A quick reply. `payload` is the text that comes back when it is tapped."""

    title: str
    payload: str


@dataclass(frozen=True)
class Template:
    """One template. `samples`: an example for each gap, in order; `why`: one line for Meta's reviewer.

    `used_by`: ids of the texts that go out in it; one may end in /* for a whole folder. An authentication template has
    no body: its wording is Meta's own, and its one button copies the code.
    """

    name: str
    language: str
    category: str
    body: str
    samples: tuple[str, ...]
    buttons: tuple[Button, ...]
    why: str
    used_by: tuple[str, ...]

    @property
    def gaps(self) -> int:
        """How many values it takes."""
        return 1 if self.category == AUTHENTICATION else len(set(_GAP.findall(self.body)))

    @property
    def shape(self) -> str:
        """What the provider is given to approve, as a text that two equal templates share."""
        return shape(self.category == AUTHENTICATION, self.body, [(b.title, b.payload) for b in self.buttons])

    @property
    def body_hash(self) -> str:
        """64 characters: 12 that change with what the gaps mean (their samples), 51 that change with the words."""
        return f"{_digest(json.dumps(self.samples))[:12]}-{_digest(self.shape)[:51]}"

    def takes(self, values: Mapping[str, str]) -> bool:
        """Whether these are values for its gaps: numbered "1" to the last, none empty."""
        return set(values) == {str(n + 1) for n in range(self.gaps)} and all(v.strip() for v in values.values())

    def filled(self, values: Mapping[str, str]) -> str | None:
        """What the family reads; None for an authentication template, whose words are not ours."""
        if self.category == AUTHENTICATION:
            return None
        return _GAP.sub(lambda gap: values[gap[1]], self.body)

    @property
    def room(self) -> int:
        """How many characters all values together may have."""
        return MAX_TEXT - length(_GAP.sub("", self.body))


def shape(is_code: bool, body: str, buttons: Sequence[tuple[str, str]]) -> str:
    """The approved part of a template, without what a provider may change in keeping it (white space)."""
    words = "" if is_code else " ".join(body.split())
    return json.dumps([is_code, words, [list(button) for button in buttons]], ensure_ascii=False)


def same_gaps(one: str, other: str) -> bool:
    """Whether two `body_hash` belong to templates whose gaps mean the same, so that values of one fit the other."""
    return bool(one) and one[:12] == other[:12]


def base_name(name: str) -> str:
    """`pengingat_umum_v2` -> `pengingat_umum`: what texts call it, whatever its version."""
    match = _VERSION.fullmatch(name)
    return match["base"] if match else name


def version(name: str) -> int:
    """`pengingat_umum` -> 1, `pengingat_umum_v2` -> 2."""
    match = _VERSION.fullmatch(name)
    return int(match["number"]) if match else 1


def next_version(base: str, taken: Iterable[str]) -> str:
    """The first name after all that were ever used: a rejected or deleted name cannot be used again at Meta."""
    last = max((version(name) for name in taken if base_name(name) == base), default=0)
    return f"{base}_v{last + 1}" if last else base


# ------------------------------------------------------------------------------------------------------ filling gaps


def length(text: str) -> int:
    """Characters as WhatsApp counts them: an emoji is two or more."""
    return len(text.encode("utf-16-le")) // 2


def one_line(text: str) -> str:
    """A value may hold no newline, no tab and no more than four spaces in a row (63013)."""
    return " ".join(text.split())


def fitted(template: Template, values: Sequence[str]) -> dict[str, str]:
    """Values by number, shortened where the whole would be too long: the longest first, at the end of a sentence."""
    lines = [one_line(value) for value in values]
    while (over := sum(map(length, lines)) - template.room) > 0:
        longest = max(range(len(lines)), key=lambda n: length(lines[n]))
        lines[longest] = shortened(lines[longest], length(lines[longest]) - over)
    return {str(number): line for number, line in enumerate(lines, start=1)}


def whole_text(text: str, room: int) -> str:
    """A text of several paragraphs as one line. What does not fit is left out before the last paragraph: that one
    says what to do next."""
    *head, last = [one_line(part) for part in re.split(r"\n\s*\n", text.strip())]
    said = " ".join([*head, last])
    if length(said) <= room:
        return said
    left = room - length(last) - 1
    return f"{shortened(' '.join(head), left)} {last}" if head and left > 2 * len(_CUT) else shortened(said, room)


def shortened(text: str, room: int) -> str:
    """At most `room` characters of `text`: whole sentences where at least a third is left then, else whole words."""
    if length(text) <= room:
        return text
    kept = text[: max(room - len(_CUT) - 1, 1)]
    while length(kept) > max(room - len(_CUT) - 1, 1):
        kept = kept[:-1]
    ends = [match.end() for match in _SENTENCE_END.finditer(kept + " ")]
    if ends and ends[-1] >= len(kept) / 3:
        return f"{kept[: ends[-1]]} {_CUT}"
    words = kept.rpartition(" ")[0]
    return f"{words or kept}{_CUT}"


# ---------------------------------------------------------------------------------------------- what would be refused


def faults(template: Template) -> list[str]:
    """What Meta would refuse about it, one line for each; empty if nothing."""
    found = [*_head_faults(template), *_button_faults(template)]
    if template.category == AUTHENTICATION:
        if template.body.strip():
            found.append("body: Meta words authentication templates itself; leave it empty")
    else:
        found += _body_faults(template.body)
    return [*found, *_sample_faults(template)]


def faults_between(templates: Iterable[Template]) -> list[str]:
    """Two templates with the same words: Meta refuses the second."""
    seen: dict[tuple[str, str], str] = {}
    found = []
    for template in templates:
        if template.category == AUTHENTICATION:
            continue
        first = seen.setdefault((template.language, one_line(template.body).casefold()), template.name)
        if first != template.name:
            found.append(f"{template.name}: body: says the same as {first}")
    return found


def _head_faults(template: Template) -> Iterable[str]:
    if not _NAME.fullmatch(template.name) or len(template.name) > MAX_NAME:
        yield f"name: small letters, digits and _ only, at most {MAX_NAME}"
    if _VERSION.fullmatch(template.name):
        yield "name: may not end like a version (_v2); a changed body gets its version when it is pushed"
    if not _LANGUAGE.fullmatch(template.language):
        yield f"language: {template.language!r} is not of the form id or en_US"
    if template.category not in CATEGORIES:
        yield f"category: {template.category!r} is not one of {', '.join(CATEGORIES)}"
    if not template.why.strip() or "\n" in template.why.strip():
        yield "why: one line for the reviewer is missing"


def _body_faults(body: str) -> Iterable[str]:
    numbers = [int(number) for number in _GAP.findall(body)]
    bare = _GAP.sub(" ", body)
    words = _WORD.findall(bare)
    if "{" in bare or "}" in bare:
        yield "body: a gap is written {{1}}, without spaces or letters"
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"body: gaps must be {{{{1}}}}, {{{{2}}}} ... in this order, each once; found {numbers}"
    if not body.strip():
        yield "body: is empty"
    if length(body) > MAX_TEXT:
        yield f"body: {length(body)} characters, {MAX_TEXT} are allowed"
    yield from _gap_faults(body)
    if numbers and len(words) + len(numbers) < _WORDS_A_GAP * len(numbers) + 1 or len(words) < _MIN_WORDS:
        yield f"body: {len(words)} fixed words for {len(numbers)} gaps are too few"
    if re.search(r"[ \t]{5}", body) or "\t" in body:
        yield "body: more than four spaces in a row, or a tab"
    if re.search(r"\n\s*\n\s*\n", body):
        yield "body: more than one empty line in a row"


def _gap_faults(body: str) -> Iterable[str]:
    """Where gaps may stand: words before the first, after the last, between two, and on every line that has one."""
    between = [_WORD.search(piece) is not None for piece in _GAP.split(body)[0::2]]
    if len(between) == 1:
        return
    if not between[0]:
        yield "body: begins with a gap"
    if not between[-1]:
        yield "body: ends with a gap"
    if not all(between[1:-1]):
        yield "body: two gaps stand side by side"
    if any(_GAP.search(line) and not _WORD.search(_GAP.sub(" ", line)) for line in body.splitlines()):
        yield "body: a gap stands alone on its line"


def _sample_faults(template: Template) -> Iterable[str]:
    if len(template.samples) != template.gaps:
        yield f"samples: {len(template.samples)} for {template.gaps} gaps"
        return
    for number, sample in enumerate(template.samples, start=1):
        if not sample.strip():
            yield f"samples: {number} is empty"
        if re.search(r"[\n\t]| {5}", sample) or "{{" in sample:
            yield f"samples: {number} holds a newline, a tab, more than four spaces or a gap"
    if sum(map(length, template.samples)) > template.room:
        yield f"samples: with them the text is longer than {MAX_TEXT}"


def _button_faults(template: Template) -> Iterable[str]:
    titles = [button.title for button in template.buttons]
    if len(titles) > MAX_BUTTONS:
        yield f"buttons: {len(titles)}, {MAX_BUTTONS} are allowed"
    if template.category == AUTHENTICATION and len(titles) != 1:
        yield "buttons: one is needed, the one that copies the code"
    if len(set(titles)) != len(titles):
        yield "buttons: two have the same title"
    for button in template.buttons:
        if not 0 < length(button.title.strip()) <= MAX_BUTTON_TITLE:
            yield f"buttons: {button.title!r} has {length(button.title)} characters, {MAX_BUTTON_TITLE} are allowed"
        if template.category == AUTHENTICATION and button.payload != "copy":
            yield "buttons: the payload of the one that copies the code is copy"
        if re.search(r"[\n{}*_~]", button.title) or not button.payload.strip():
            yield f"buttons: {button.title!r}: plain words only, and a payload"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
