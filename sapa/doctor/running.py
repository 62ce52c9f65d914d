"""The running system as its database knows it: signs of life, what waits, holds, templates, prices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sapa import bootstrap
from sapa.doctor.data import installed
from sapa.doctor.report import READING, Patient, Result, ok, warn
from sapa.services.health import Finding, Level, findings, picture


def health(patient: Patient) -> Iterator[Result]:
    """What `sapa health` would say, as far as it is not well."""
    with installed(patient) as app:
        if app is None:
            return
        with app.store.transaction(write=False) as tx:
            seen = picture(tx, app.clock.now(), datetime.now(UTC))
    # A disk is looked at for itself.
    found = [finding for finding in findings(seen) if finding.level is not Level.OK]
    if not found:
        yield ok("every process is at work, nothing waits too long, nothing is held")
    elif not seen.heartbeats:
        # Nothing runs: one line instead of one for every process.
        yield warn("no process of this installation was ever at work", "make run, or systemctl start sapa.target")
        yield from (_result(one) for one in found if not one.code.startswith("process"))
    else:
        yield from (_result(one) for one in found)


def _result(finding: Finding) -> Result:
    return Result(finding.level, finding.what, finding.todo)


def templates(patient: Patient) -> Iterator[Result]:
    """Whether what goes outside WhatsApp's 24 hours has its approved template."""
    twilio = patient.settings.twilio
    if twilio is None:
        return
    with READING:
        library, _ = bootstrap.texts(patient.settings.content_dir)
    wanted = {name for name in (library.get(one).template for one in library.ids()) if name}
    lacking = sorted(wanted - set(twilio.content_sids) - _approved(patient))
    if lacking:
        named = ", ".join(lacking[:5]) + (" ..." if len(lacking) > 5 else "")
        todo = "sapa templates push, then sapa templates status until they are approved"
        yield warn(f"{len(lacking)} of {len(wanted)} templates are not approved: {named}", todo)
    else:
        yield ok(f"{len(wanted)} templates are approved")


def _approved(patient: Patient) -> frozenset[str]:
    with installed(patient) as app:
        if app is None:
            return frozenset()
        with app.store.transaction(write=False) as tx:
            return tx.approved_templates()


def prices(patient: Patient) -> Iterator[Result]:
    """Whether a preview can say what a broadcast costs."""
    if patient.settings.twilio is None:
        return
    lacking = [name for name in ("whatsapp", "sms") if name not in patient.settings.prices]
    if lacking:
        settings = " and ".join(f"SAPA_PRICE_{name.upper()}" for name in lacking)
        yield warn(f"no price is known for {' and '.join(lacking)}", f"ask your provider and set {settings} (rupiah)")
    else:
        yield ok("prices are set")
