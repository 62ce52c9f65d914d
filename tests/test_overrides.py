"""What holds the overridden versions together: Rasa on Python 3.11 with SQLAlchemy 2 and half of TensorFlow left out.

docs/adr/0001 and 0002 say why. These tests are the reason we dare: each overridden part is used for real.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.local_engine import LocalEngine
from bot.model_files import current_model
from sapa import settings
from sapa.settings import ROOT

LEFT_OUT = ("jax", "jaxlib", "libclang", "tensorboard", "google_auth_oauthlib", "tensorflow_estimator")


def _rasa(*arguments: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Rasa's own command line, as a Rasa user would call it."""
    return subprocess.run(
        [sys.executable, "-m", "rasa", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env={
            "PATH": str(Path(sys.executable).parent),
            "HOME": str(home),  # Rasa, Keras and matplotlib leave files there
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
        },
    )


def test_the_versions_that_rasa_forbids_are_the_ones_we_run() -> None:
    assert sys.version_info[:2] == (3, 11)
    assert importlib.metadata.version("rasa") == "3.6.21"
    assert importlib.metadata.version("sqlalchemy").startswith("2.")
    assert importlib.metadata.version("twilio").startswith("9.")
    assert importlib.metadata.version("apscheduler") >= "3.11"


@pytest.mark.parametrize("package", LEFT_OUT)
def test_what_tensorflow_drags_in_is_not_installed(package: str) -> None:
    assert importlib.util.find_spec(package) is None


def test_the_training_data_are_valid_by_rasas_own_check(tmp_path: Path) -> None:
    done = _rasa("data", "validate", "--fail-on-warnings", folder=ROOT, home=tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_diet_still_trains_without_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    examples = {"a": ("halo", "hai"), "b": ("dah", "pamit")}
    intents = [
        {"intent": name, "examples": "".join(f"- {text}\n" for text in texts)} for name, texts in examples.items()
    ]
    (tmp_path / "data" / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": intents}))
    (tmp_path / "domain.yml").write_text('version: "3.1"\nintents: [a, b]\n')
    (tmp_path / "config.yml").write_text(
        "recipe: default.v1\nassistant_id: x\nlanguage: id\npipeline:\n- name: WhitespaceTokenizer\n"
        "- name: CountVectorsFeaturizer\n- name: DIETClassifier\n  epochs: 2\npolicies:\n- name: RulePolicy\n"
    )
    done = _rasa("train", "nlu", "--out", str(tmp_path), folder=tmp_path, home=tmp_path)
    assert done.returncode == 0 and list(tmp_path.glob("*.tar.gz")), (done.stdout + done.stderr)[-3000:]


@pytest.mark.model
def test_rasa_test_finds_every_conversation_as_written(tmp_path: Path) -> None:
    """`rasa test core` on tests/conversations: which action follows which message."""
    model = current_model(settings.load().model_dir)
    stories = tmp_path / "stories"
    shutil.copytree(ROOT / "tests" / "conversations" / "stories", stories)
    done = _rasa(
        *("test", "core", "--stories", str(stories), "--model", str(model), "--out", str(tmp_path / "results")),
        *("--fail-on-prediction-errors", "--endpoints", str(ROOT / "tests" / "conversations" / "endpoints.yml")),
        folder=ROOT,
        home=tmp_path,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.mark.model
async def test_the_model_loads_and_understands_in_this_process(local_engine: LocalEngine) -> None:
    understood = await local_engine.understand("apa itu stunting")
    assert understood.label == "hpk/apa-itu-stunting"
