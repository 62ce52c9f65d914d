"""A mock of Twilio's API (tools/mock_twilio.sh) over Twilio's own description of it; without, a skip that says why."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
# Twilio's API description, kept beside the project.
API_DIR = Path(os.environ.get("TWILIO_API_DIR") or ROOT.parent / "shared" / "twilio")
SPEC = API_DIR / "messaging_subset.json"
SCRIPT = ROOT / "tools" / "mock_twilio.sh"
START_S = 20


@pytest.fixture(scope="session")
def mock() -> Iterator[str]:
    """The base address of a running mock. It is always killed, also when it does not come up."""
    if not SPEC.is_file():
        pytest.skip("Twilio's API description is not here (set TWILIO_API_DIR to its folder)")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, so the mock of Twilio's API cannot be")
    installed = subprocess.run([SCRIPT, "install"], capture_output=True, text=True, timeout=120)
    if installed.returncode != 0:
        pytest.skip(f"the mock of Twilio's API cannot be installed: {installed.stderr.strip()[-200:]}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([SCRIPT, "start", SPEC, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(base, process)
        yield base
    finally:
        process.kill()
        process.wait(timeout=10)


def _wait_until_it_answers(base: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the mock ended at once"
        try:
            requests.get(base, timeout=1)
            return
        except requests.exceptions.RequestException:
            time.sleep(0.1)  # a process starts; there is nothing else to wait on
    pytest.fail(f"the mock did not answer within {START_S} s")
