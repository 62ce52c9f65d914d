"""Write the table of alerts in docs/operations.md from ops/alerts.yml: `python tools/build_alerts.py [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "ops" / "alerts.yml"
PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- alerts: written by tools/build_alerts.py -->", "<!-- end of alerts -->"


def rules() -> list[dict[str, Any]]:
    """Every alert rule, in the order of the file."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def table() -> str:
    """The rules as Markdown."""
    lines = ["| Alert | Urgency | It means | Condition | What to do |", "|---|---|---|---|---|"]
    for rule in rules():
        condition = f"`{rule['expr']}`" + (f" for {rule['for']}" if "for" in rule else "")
        cells = (
            rule["alert"],
            rule["labels"]["severity"],
            rule["annotations"]["summary"],
            condition.replace("|", "\\|"),
            rule["annotations"]["todo"],
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with today's table between its marks."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        if page(text) != text:
            print("docs/operations.md: the table of alerts is not that of ops/alerts.yml; run tools/build_alerts.py")
            return 1
        return 0
    PAGE.write_text(page(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
