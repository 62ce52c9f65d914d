"""Whatever label a message gets, there is something to say to somebody nothing is known of, on both channels."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sapa.bootstrap import answering, texts
from sapa.family.people import Family
from sapa.messaging.states import Channel
from sapa.services.replies import render_reply
from sapa.services.respond import replies_for_label
from sapa.settings import ROOT
from tests.support import NOW

CATALOGUE = yaml.safe_load((Path(ROOT) / "content" / "topics.yml").read_text(encoding="utf-8"))
LABELS = [topic["id"] for topic in CATALOGUE["topics"]] + list(CATALOGUE["labels"])
IDS = frozenset(texts(ROOT / "content" / "id")[0].ids())


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("channel", Channel)
def test_every_label_has_words_for_a_stranger(label: str, channel: Channel) -> None:
    nobody = Family(now=NOW, timezone="Asia/Jakarta")
    replies = replies_for_label(label, 0.95, "bayi saya meninggal kemarin", IDS)
    assert replies
    for reply in replies:
        assert render_reply(answering(), reply, channel, nobody).text
