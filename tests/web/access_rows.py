"""Who may open what in the console: a row for every route. A route without a row fails test_console_access.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_UNPLACED = {"content_id"}


@dataclass(frozen=True)
class Row:
    """One route. may: roles of the OWN village that may ("kader bidan admin"); open: to everybody, also logged out.

    A route with a parameter is about something of posyandu Melati: staff of the other village find nothing there, but
    for texts, which are everybody's. form: what is posted. ok: the statuses that mean "let in".
    """

    method: str
    path: str
    may: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    ok: frozenset[int] = frozenset({200, 204, 303, 400, 409, 422})
    open: bool = False

    @property
    def placed(self) -> bool:
        """Whether it is about one village's person or thing."""
        return bool(set(re.findall(r"{(\w+)", self.path)) - _UNPLACED)


ALL = "kader bidan admin"

ROWS = [
    Row("GET", "/masuk", open=True),
    Row("POST", "/masuk", form={"number": "0813-0000-0001"}, open=True),
    Row("GET", "/masuk/kode", open=True),
    Row("POST", "/masuk/kode", form={"code": "000000"}, open=True),
    Row("POST", "/keluar", open=True),
    Row("GET", "/", ALL),
    Row("GET", "/keluarga", "kader bidan"),
    Row("GET", "/keluarga/{household_id}", "kader bidan"),
    Row("GET", "/keluarga/{household_id}/anak/{child_id}/grafik.png", "kader bidan"),
    Row("GET", "/keluarga/{household_id}/kartu-catin.png", "bidan"),
    Row("GET", "/catatan", "bidan admin"),
    Row("GET", "/isi", ALL),
    Row("GET", "/isi/{content_id:path}", ALL),
    Row("POST", "/isi/{content_id:path}", "bidan"),
    Row("GET", "/pengiriman", "bidan admin"),
    Row("GET", "/sistem", "admin"),
    Row("GET", "/petugas", "bidan admin"),
    # The other village's bidan may invite into her own place, not into this one.
    Row("POST", "/petugas/undang", "bidan admin", form={"place": "kader:posyandu-melati"}),
    Row("POST", "/petugas/{staff_id}/cabut", "bidan admin"),
]
