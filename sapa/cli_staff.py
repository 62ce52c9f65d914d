"""`sapa staff`: who works in the programme, for whoever runs the service."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.services.ports import Tx

staff = typer.Typer(no_args_is_help=True, help="Who works in the programme: kader, bidan, admins.")
_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_PosyanduOption = Annotated[str | None, typer.Option("--posyandu", help="Name or id of a posyandu (kader).")]
_AreaOption = Annotated[str | None, typer.Option("--area", help="Name or id of an area (bidan, admin).")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.add_typer(staff, name="staff")


@staff.command(name="list")
def list_(as_json: _JsonOption = False) -> None:
    """Every role that is held."""
    from sapa.services.staff import list_staff

    with common.running_app().deps.store.transaction(write=False) as tx:
        held = list_staff(tx)
    if as_json:
        print(json.dumps([asdict(one) for one in held], ensure_ascii=False))
        return
    for one in held:
        print(f"{one.id}\t{one.role}\t{one.place}\t{one.name or '-'}\t{one.phone or '-'}")


@staff.command()
def enrol(
    phone: str,
    role: str,
    name: Annotated[str, typer.Option("--name", help="What she is called.")] = "",
    posyandu: _PosyanduOption = None,
    area: _AreaOption = None,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Give a role (kader, bidan, admin) to the person behind a number. Doing it again changes nothing."""
    from sapa.services.staff import StaffError
    from sapa.services.staff import enrol as give

    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    try:
        with app.deps.store.transaction() as tx:
            given = give(tx, phone, name, role, _place(tx, posyandu, area), None, moment)
    except StaffError as error:
        common.fail(str(error))
    print(json.dumps(asdict(given)) if as_json else f"{given.role} {given.id}")


@staff.command()
def revoke(staff_id: str, now: _NowOption = None) -> None:
    """Take a role away; the id is in `sapa staff list`."""
    from sapa.services.staff import revoke as take

    app = common.running_app()
    with app.deps.store.transaction() as tx:
        taken = take(tx, staff_id, None, common.moment(now, app.clock.now()))
    if not taken:
        common.fail(f"nobody holds the role {staff_id}")
    print("revoked")


@staff.command()
def invite(
    by: Annotated[str, typer.Option("--as", help="The number of who invites (staff).")],
    role: Annotated[str, typer.Option("--role", help="kader or bidan.")] = "kader",
    posyandu: _PosyanduOption = None,
    area: _AreaOption = None,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """A one-time code in the name of somebody of the staff, to be passed on; valid seven days."""
    import uuid

    from sapa.services.access import NotAllowed
    from sapa.services.staff import StaffError
    from sapa.services.staff import invite as offer

    app = common.running_app()
    try:
        with app.deps.store.transaction() as tx:
            who = common.staffer_behind(tx, by)
            place_id = _place(tx, posyandu, area)
            code = offer(tx, who, role, place_id, str(uuid.uuid4()), common.moment(now, app.clock.now()))
    except (StaffError, NotAllowed) as error:
        common.fail(str(error))
    print(json.dumps({"code": code, "role": role, "place": place_id}) if as_json else code)


def _place(tx: Tx, posyandu: str | None, area: str | None) -> str:
    """The id of the posyandu or area that was named."""
    if (posyandu is None) == (area is None):
        common.fail("name one place: --posyandu for a kader, --area for a bidan or admin")
    if posyandu is not None:
        found = [row.id for row in tx.list_posyandu() if posyandu in (row.id, row.name)]
    else:
        found = [row.id for row in tx.areas() if area in (row.id, row.name)]
    if len(found) != 1:
        common.fail(f"{posyandu or area}: {'unknown' if not found else 'several are called so, name the id'}")
    return found[0]
