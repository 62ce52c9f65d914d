"""Every reason code has one short sentence for the family, in the words the design asks for."""

from pathlib import Path

import pytest
import yaml

from sapa.family.immunization import Reason

TEXTS = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "content" / "id" / "kata" / "alasan-imunisasi.yml").read_text("utf-8")
)
RULE_6 = {
    Reason.GIVEN_BEFORE_MIN_AGE,
    Reason.GIVEN_TOO_SOON_AFTER_PREVIOUS,
    Reason.GIVEN_OUT_OF_ORDER,
    Reason.EARLIER_DOSE_NEEDS_CHECK,
    Reason.LATER_DOSE_RECORDED,
}
RECORDED = {Reason.GIVEN_BEFORE_MIN_AGE, Reason.GIVEN_TOO_SOON_AFTER_PREVIOUS, Reason.GIVEN_OUT_OF_ORDER}


def test_there_is_a_sentence_for_every_code_and_no_other() -> None:
    assert set(TEXTS) == {reason.value for reason in Reason}


@pytest.mark.parametrize("reason", Reason)
def test_a_sentence_says_who_looks_at_it_and_fits_an_sms(reason: Reason) -> None:
    text = TEXTS[reason.value]
    assert ("petugas perlu memeriksa" in text) is (reason in RULE_6)
    assert ("tanyakan petugas" in text) is (reason not in RECORDED)
    assert text.isascii() and len(text) <= 120 and text.endswith(".")
