"""Says at the end how many inputs the attacks tried."""

from __future__ import annotations

import pytest

from tests.security.attack import EXAMPLES, tried


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not tried:
        return
    terminalreporter.section(f"inputs tried (FUZZ_EXAMPLES={EXAMPLES})")
    for what, number in sorted(tried.items()):
        terminalreporter.write_line(f"{number:8,}  {what}")
    terminalreporter.write_line(f"{sum(tried.values()):8,}  together")
