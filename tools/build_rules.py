"""Writes data/rules.yml and the list of intents in domain.yml from the catalogue content/topics.yml.

Every label is one rule with one action; writing a hundred of them by hand would be a hundred places to forget one.
`python tools/build_rules.py` writes, `--check` only compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "data" / "rules.yml"
DOMAIN = ROOT / "domain.yml"
BEGIN, END = "# intents: made by tools/build_rules.py\n", "# end of intents\n"
# What people say inside a dialogue; not in the catalogue of topics.
DIALOGUE_INTENTS = ("afirmasi", "negasi", "batal", "inform", "menu", "bantuan")
HEADER = "# Made by tools/build_rules.py from content/topics.yml. Change it there, not here.\n"


def labels() -> list[str]:
    """Every label the bot may give a message."""
    catalogue = yaml.safe_load((ROOT / "content" / "topics.yml").read_text(encoding="utf-8"))
    return [topic["id"] for topic in catalogue["topics"]] + list(catalogue["labels"]) + list(DIALOGUE_INTENTS)


def intent(label: str) -> str:
    """The intent name of a label (sapa.messaging.labels)."""
    return label.replace("/", ".")


def rules_text() -> str:
    """data/rules.yml as text."""
    rules = []
    for label in labels():
        rules.append({"rule": label, "steps": [{"intent": intent(label)}, {"action": "action_respond"}]})
    rules.append(
        {"rule": "not understood", "steps": [{"intent": "nlu_fallback"}, {"action": "action_default_fallback"}]}
    )
    return HEADER + yaml.safe_dump({"version": "3.1", "rules": rules}, sort_keys=False, allow_unicode=True)


def domain_text() -> str:
    """domain.yml as text: its list of intents renewed, the rest as it is."""
    names = sorted(intent(label) for label in labels())
    before, rest = DOMAIN.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    return before + BEGIN + yaml.safe_dump({"intents": names}, sort_keys=False) + END + after


def main() -> int:
    """Write or compare; 1 if a comparison fails."""
    wanted = {RULES: rules_text(), DOMAIN: domain_text()}
    if "--check" in sys.argv[1:]:
        stale = [path.name for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
        if stale:
            print(f"out of date: {', '.join(stale)}; run python tools/build_rules.py")
        return int(bool(stale))
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
