"""What goes wrong at the stand-in provider, thrown by dice that a seed makes repeatable.

The dice of a request are thrown from the seed, the person it goes to and how many requests that person had before: two
runs with one seed meet the same faults, however their processes race.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Profile:
    """Shares (0 to 1) of requests, callbacks and people that meet a fault; times in seconds."""

    busy: float = 0.0  # 429: surely not taken
    error_before: float = 0.0  # 500 or 503, not taken
    error_after: float = 0.0  # 500 or 503 although taken
    drop_before: float = 0.0  # connection closed before anything was read
    drop_after: float = 0.0  # taken, then closed without an answer
    drop_middle: float = 0.0  # taken, closed in the middle of the answer
    hang: float = 0.0  # no answer before the client gives up; half of them are taken after it gave up
    slow: float = 0.0  # answered, but after up to `slow_s`
    slow_s: float = 2.0
    hang_s: tuple[float, float] = (3.0, 4.0)
    list_lag_s: float = 0.0  # a message is listed this long after it was taken
    lookup_error: float = 0.0  # questions answered with 500 or not at all
    callback_lost: float = 0.0
    callback_doubled: float = 0.0
    callback_s: float = 0.05  # each callback comes up to this late, so a longer time means more disorder
    window_shut: float = 0.0  # people for whom free text fails afterwards with 63016
    no_whatsapp: float = 0.0  # people whom WhatsApp does not reach: 63024 afterwards


CALM = Profile()
ROUGH = Profile(
    busy=0.03,
    error_before=0.02,
    error_after=0.02,
    drop_before=0.02,
    drop_after=0.02,
    drop_middle=0.02,
    hang=0.01,
    slow=0.10,
    list_lag_s=0.5,
    lookup_error=0.15,
    callback_lost=0.10,
    callback_doubled=0.10,
    callback_s=1.5,
    window_shut=0.02,
    no_whatsapp=0.02,
)
PROFILES = {"calm": CALM, "rough": ROUGH}
# Somebody's messages fail this often in a row at most: a provider that never works is another test.
_IN_A_ROW = 3


@dataclass(frozen=True)
class Fate:
    """What becomes of one request. `answer`: an HTTP status, 0 for none, -1 for half of a 201."""

    name: str
    taken: bool
    answer: int
    taken_after_s: float = 0.0
    answer_after_s: float = 0.0


class Dice:
    """Throws the fates. One per run."""

    def __init__(self, seed: int, profile: Profile, delay_s: float = 0.0) -> None:
        self.profile = profile
        self._seed = seed
        self._delay_s = delay_s
        self._requests: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def of(self, *key: object) -> Random:
        """Dice of their own for anything."""
        return Random(repr((self._seed, *key)))

    def send(self, to: str) -> Fate:
        """The fate of a request to send."""
        if self.profile is CALM:
            return Fate("taken", True, 201, 0.0, self._delay_s)
        self._requests[to] += 1
        fate = self._throw(self.of("send", to, self._requests[to]))
        if fate.name in ("taken", "slow"):
            self._failed[to] = 0
        elif self._failed[to] >= _IN_A_ROW:
            self._failed[to] = 0
            return Fate("taken", True, 201, 0.0, self._delay_s)
        else:
            self._failed[to] += 1
        return fate

    def _throw(self, dice: Random) -> Fate:
        profile, delay = self.profile, self._delay_s
        error = dice.choice((500, 503))
        late = dice.uniform(*profile.hang_s)
        slow = dice.uniform(0.0, profile.slow_s)
        fates = (
            (profile.busy, Fate("busy", False, 429, 0, delay)),
            (profile.error_before, Fate("error_before", False, error, 0, delay)),
            (profile.error_after, Fate("error_after", True, error, 0, delay)),
            (profile.drop_before, Fate("drop_before", False, 0)),
            (profile.drop_after, Fate("drop_after", True, 0, delay, delay)),
            (profile.drop_middle, Fate("drop_middle", True, -1, 0, delay)),
            (profile.hang / 2, Fate("hang_not_taken", False, 0, 0, late)),
            (profile.hang / 2, Fate("hang_taken_late", True, 201, late, late)),
            (profile.slow, Fate("slow", True, 201, slow * dice.random(), slow)),
        )
        thrown = dice.random()
        for share, fate in fates:
            if thrown < share:
                return fate
            thrown -= share
        return Fate("taken", True, 201, 0.0, delay)

    def lookup(self, key: str) -> Fate:
        """The fate of a question about messages."""
        if not self.profile.lookup_error:
            return Fate("asked", False, 200)
        self._requests["?" + key] += 1
        dice = self.of("lookup", key, self._requests["?" + key])
        if dice.random() < self.profile.lookup_error:
            return Fate("asked_in_vain", False, dice.choice((0, 429, 500, 503)))
        return Fate("asked", False, 200)

    def later_error(self, to: str, free_text: bool) -> int | None:
        """The error that comes after a message was taken: a trait of the person, the same for every message."""
        if not to.startswith("whatsapp:"):
            return None
        trait = self.of("person", to).random()
        if trait < self.profile.no_whatsapp:
            return 63024
        if free_text and trait < self.profile.no_whatsapp + self.profile.window_shut:
            return 63016
        return None
