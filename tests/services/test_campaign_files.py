"""The files of content/id/campaigns as a health worker edits them: what is read, what is refused and in which words."""

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.campaigns import Campaigns, Message, Offset, Rank
from sapa.family.plan import default_rules, rules_with
from sapa.services.campaigns import CampaignError, fingerprint, load_campaigns

REAL = Path(__file__).resolve().parents[2] / "content" / "id" / "campaigns"

HEAD = """
campaign: hamil
title: Pesan untuk ibu hamil
topic: hamil
purpose: pregnancy_care
facts: []
sources: [KIA2024]
reviewed_on: 2026-11-22
review_by: 2028-11-22
status: belum disahkan
signed_off_by: null
signed_off_on: null
messages:
"""
LINE = "  - {id: mual, anchor: lmp, offset: {weeks: 7}, content: pengingat/hamil/mual}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """content/id/campaigns of an empty project with one text and one fact sheet."""
    for path in ("id/pengingat/hamil/mual.md", "facts/kehamilan.yml", "id/campaigns/hamil.yml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(HEAD + LINE if "campaigns" in path else "x", encoding="utf-8")
    return tmp_path / "id" / "campaigns"


def read(folder: Path, text: str) -> Campaigns:
    (folder / "hamil.yml").write_text(text, encoding="utf-8")
    return load_campaigns(folder)


def message(folder: Path, more: str = "", anchor: str = "lmp") -> Message:
    line = f"  - {{id: mual, anchor: {anchor}, offset: {{days: 7}}, content: pengingat/hamil/mual{more}}}\n"
    return read(folder, HEAD + line).all[0].messages[0]


# ---------------------------------------------------------------------------------------------------- what is read


def test_a_message_needs_four_things_and_the_rest_has_a_default(folder: Path) -> None:
    (campaign,) = load_campaigns(folder).all
    assert (campaign.id, campaign.topic, campaign.purpose) == ("hamil", "hamil", "pregnancy_care")
    assert campaign.review_by == date(2028, 11, 22)
    assert campaign.messages == (
        Message("mual", "lmp", Offset(weeks=7), "pengingat/hamil/mual", time(16, 0), 0, Rank.TIP, "caregiver"),
    )


def test_everything_a_message_may_say(folder: Path) -> None:
    found = message(
        folder,
        ', hour: "08:30", slack_days: 6, rank: reminder, to: mother, when: {visit: [K1, K2], ultrasound: true},'
        " covered_by: [MR1]",
    )
    assert (found.hour, found.slack_days, found.rank, found.to) == (time(8, 30), 6, Rank.REMINDER, "mother")
    assert found.when == {"visit": ("K1", "K2"), "ultrasound": (True,)}
    assert found.covered_by == {"MR1"}


@pytest.mark.parametrize("written", ['"09:05"', "9:05", "09.05", "'9.05'"])
def test_an_hour_may_be_written_in_several_ways(folder: Path, written: str) -> None:
    # Without quotes YAML makes 545 of 9:05 (minutes) and 9.05 a number; both are put right or refused, never misread.
    if written == "09.05":
        with pytest.raises(CampaignError, match=r"hour: 9.05 is not a time such as 16:00"):
            message(folder, f", hour: {written}")
    else:
        assert message(folder, f", hour: {written}").hour == time(9, 5)


def test_a_child_in_special_care_gets_no_message_by_age_unless_the_file_names_it(folder: Path) -> None:
    assert message(folder, anchor="child_birth").when == {"special_care": (False,)}
    named = message(folder, ", when: {special_care: true}", anchor="child_birth")
    assert named.when == {"special_care": (True,)}


def test_a_kb_message_goes_in_the_morning_to_its_owner_alone(folder: Path) -> None:
    found = message(folder, anchor="kb_return")
    assert (found.hour, found.to) == (time(8, 0), "self")


def test_no_folder_and_no_file_are_no_campaigns(tmp_path: Path) -> None:
    assert load_campaigns(tmp_path) == load_campaigns(tmp_path / "nowhere") == Campaigns()


# ------------------------------------------------------------------------------------------------- what is refused

REFUSED = [
    # (the file, what its error says)
    ("", "file: must be a list of keys and values"),
    ("messages: [", "file: not readable as YAML: line 1"),
    ("a: 1\na: 2", "file: not readable as YAML: line 1: a is given twice"),
    (HEAD.replace("campaign: hamil", "campaign: lain") + LINE, "campaign: is 'lain', should be hamil"),
    (HEAD.replace("topic: hamil", "topic: bumil") + LINE, "topic: is 'bumil', should be one of posyandu, hamil"),
    (HEAD.replace("pregnancy_care", "care") + LINE, "purpose: is 'care', should be one of child_care"),
    (HEAD.replace("title: Pesan untuk ibu hamil\n", "") + LINE, "title: missing"),
    (HEAD.replace("title:", "titel:") + LINE, "titel: unknown key; did you mean title?"),
    (HEAD.replace("facts: []", "facts: [hamil.yml]") + LINE, "facts: hamil.yml is not in content/facts"),
    (HEAD.replace("2028-11-22", "2026-11-22") + LINE, "review_by: is not after reviewed_on"),
    (HEAD.replace("2028-11-22", "nanti") + LINE, "review_by: is 'nanti', should be a date"),
    (HEAD.replace("belum disahkan", "disahkan") + LINE, "status: disahkan needs signed_off_by"),
    (HEAD, "messages: must be a list of messages"),
    (HEAD + "  - mual\n", "messages[0]: must be a list of keys and values"),
    (HEAD + LINE + LINE, "messages[1] (mual).id: is used by an earlier message"),
    (HEAD + "  - {id: mual, anchor: lmp, offset: {weeks: 7}}", "messages[0] (mual).content: missing"),
    (HEAD + LINE.replace("pengingat/hamil/mual", ""), "messages[0] (mual).content: missing"),
    (HEAD.replace("title: Pesan untuk ibu hamil", "title:") + LINE, "title: missing"),
    (HEAD.replace("signed_off_on: null", "signed_off_on: besok") + LINE, "signed_off_on: is 'besok', should be a date"),
    (HEAD + LINE.replace("mual,", "Mual Pagi,"), "messages[0] (Mual Pagi).id: is 'Mual Pagi', should be small letters"),
    (HEAD + LINE.replace("lmp", "hpht"), "messages[0] (mual).anchor: is 'hpht', should be one of anc_visit"),
    (HEAD + LINE.replace("weeks: 7", "week: 7"), "messages[0] (mual).offset.week: unknown key; did you mean weeks?"),
    (HEAD + LINE.replace("weeks: 7", "weeks: tujuh"), "messages[0] (mual).offset.weeks: is 'tujuh', should be a whole"),
    (HEAD + LINE.replace("weeks: 7", "weeks: 7.5"), "offset.weeks: is 7.5, should be a whole number"),
    (HEAD + LINE.replace("{weeks: 7}", "7"), "messages[0] (mual).offset: must be days, weeks or months"),
    (HEAD + LINE.replace("}\n", ', hour: "20:00"}'), "(mual).hour: 20:00 lies outside 07:00 to 20:00"),
    (HEAD + LINE.replace("}\n", ", hour: 6:59}"), "(mual).hour: 06:59 lies outside"),
    (HEAD + LINE.replace("}\n", ", hour: sore}"), "(mual).hour: 'sore' is not a time"),
    (HEAD + LINE.replace("}\n", ", slack_days: 31}"), "slack_days: is 31, should be a whole number from 0 to 30"),
    (HEAD + LINE.replace("}\n", ", rank: penting}"), "rank: is 'penting', should be one of tip, reminder, check"),
    (HEAD + LINE.replace("}\n", ", to: nenek}"), "to: is 'nenek', should be one of caregiver"),
    (HEAD + LINE.replace("}\n", ", when: [K1]}"), "when: must be facts and their values"),
    (HEAD + LINE.replace("}\n", ", when: {visit: {a: 1}}}"), "when.visit: must be a value or a list"),
    (
        HEAD + LINE.replace("}\n", ", rank: check}"),
        "a check asks after a reminder: this file has none with the anchor lmp",
    ),
    (HEAD + LINE.replace("hamil/mual", "hamil/mules"), "content: there is no text content/id/pengingat/hamil/mules.md"),
    (HEAD + LINE.replace("lmp", "kb_return").replace("}\n", ", to: caregiver}"), "to: must be self: nobody else"),
    (HEAD + LINE.replace("lmp", "session"), "id: a message of session is one of undangan, besok"),
    (
        HEAD + LINE.replace("mual,", "undangan,").replace("lmp", "session").replace("}\n", ", rank: reminder}"),
        "(undangan).offset: must be days before the day it is about",
    ),
    (
        HEAD
        + LINE.replace("mual,", "besok,")
        .replace("lmp", "session")
        .replace("{weeks: 7}", "{days: -1}")
        .replace("}\n", ", rank: reminder}"),
        "messages: sessions and doses need these messages, too: imunisasi, imunisasi-sudah, undangan",
    ),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[row[1] for row in REFUSED])
def test_a_file_that_cannot_be_used_is_refused_with_its_name_and_the_field(folder: Path, text: str, words: str) -> None:
    with pytest.raises(CampaignError) as refused:
        read(folder, text)
    assert any(line.startswith("hamil.yml: ") and words in line for line in str(refused.value).splitlines())


def test_everything_that_is_wrong_is_told_at_once(folder: Path) -> None:
    with pytest.raises(CampaignError) as refused:
        read(
            folder, HEAD.replace("topic: hamil", "topic: x") + LINE.replace("lmp", "y").replace("weeks: 7", "weeks: z")
        )
    assert len(str(refused.value).splitlines()) == 3


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.sampled_from(["campaign", "topic", "facts", "reviewed_on", "review_by", "status", "messages", "sources"])
MESSAGE_KEYS = st.sampled_from(
    ["id", "anchor", "offset", "hour", "slack_days", "rank", "content", "to", "when", "covered_by"]
)


@given(st.dictionaries(KEYS, VALUES, max_size=3), st.dictionaries(MESSAGE_KEYS, VALUES, max_size=3))
def test_no_file_ends_in_a_traceback(tmp_path_factory: Any, top: dict[str, Any], entry: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("content") / "id" / "campaigns"
    folder.mkdir(parents=True)
    good = yaml.safe_load(HEAD + LINE)
    good["messages"][0] |= entry
    (folder / "hamil.yml").write_text(yaml.safe_dump(good | top), encoding="utf-8")
    with pytest.raises(CampaignError):  # at the least there is no such text
        load_campaigns(folder)


# ------------------------------------------------------------------------------------------------- the real files


def test_the_campaigns_of_this_project_can_be_used() -> None:
    found = load_campaigns(REAL)
    assert {"anak", "kehamilan", "nifas", "periksa-hamil", "posyandu"} <= {campaign.id for campaign in found.all}
    for campaign, entry in found.messages():
        assert campaign.sources, f"{campaign.id} names no source"
        # A message that may not move gives way to whatever has its day; a tip should be able to.
        assert entry.rank is not Rank.TIP or entry.slack_days, f"{campaign.id}/{entry.id} has no slack"


def test_the_posyandu_file_says_what_the_planner_does_without_it() -> None:
    assert rules_with(load_campaigns(REAL)) == default_rules()


def test_an_edit_changes_the_fingerprint_and_a_comment_does_not(folder: Path) -> None:
    before = fingerprint(load_campaigns(folder))
    assert fingerprint(read(folder, "# catatan\n" + HEAD + LINE)) == before
    assert fingerprint(read(folder, HEAD + LINE.replace("weeks: 7", "weeks: 8"))) != before
