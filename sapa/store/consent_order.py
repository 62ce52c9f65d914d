"""In which order somebody's yes and no count: one order for every question about consent, so that all agree."""

from __future__ import annotations

from sapa.store.models import ConsentTable

# The last word counts. Of a yes and a no in the same moment the no is the last: nobody is written to by chance.
AS_SAID = (ConsentTable.at, ConsentTable.granted.desc(), ConsentTable.id)
