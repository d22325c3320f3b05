"""``encamina keys``: write keys and admin tokens, made and revoked while it runs."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.actions import actions
from cli.control import changing
from cli.looks import looking
from cli.options import HERE, DataOption, JsonOption, ProjectOption, data_folder
from cli.output import err, out, plain, print_json, print_table
from cli.project import release_of
from cli.tasks import run
from engine.control.keys import ID_LENGTH
from engine.ingest.stored_keys import StoredKey, keys_of_files, stored_keys
from engine.model.cache import Caches
from engine.model.clock import Millis, to_iso
from engine.model.jsonvalue import Body

app = actions(
    "keys",
    "Write keys and admin tokens: list, create, revoke.\n\n"
    "Example: encamina keys create --source shop",
)


@app.command("list")
def list_keys(
    project: ProjectOption = HERE, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List all keys by their ids: those in encamina.yaml, and those made since.

    Example: encamina keys list
    """
    release = release_of(project, Caches.on())
    folder = data_folder(project, data)
    stored = run(partial(_stored, project, folder)) if folder.is_dir() else []
    keys = [*keys_of_files(release, stored), *stored]
    if as_json:
        for one in keys:
            print_json(_told(one))
        return
    print_table(
        "", ["id", "kind", "source", "name", "created", "revoked"], (_cells(one) for one in keys)
    )


@app.command("create")
def create_key(
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose events it is to send.")
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for, for people.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="Make an admin token instead.")] = False,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a write key, or an admin token, and print it: it is shown this once.

    Only its hash is kept. It is good at once, also where a server runs.

    Example: encamina keys create --source shop --name checkout
    """
    asked: Body = {
        "kind": "admin" if admin else "write",
        **({"source": source} if source else {}),
        **({"name": name} if name else {}),
    }
    made = run(partial(_change, project, data_folder(project, data), "keys/create", asked))
    if as_json:
        print_json(made)
        return
    out().print(plain(str(made["key"])))
    what = "an admin token" if admin else f"a write key of {source}"
    err().print(f"[dim]{what}, id {made['id']}; it is not shown again[/]")


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, as list shows it.")],
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key: at once, for good, and also where it stands in encamina.yaml.

    Example: encamina keys revoke 1f2e3d4c
    """
    asked: Body = {"id": key_id}
    done = run(partial(_change, project, data_folder(project, data), "keys/revoke", asked))
    if as_json:
        print_json(done)
        return
    word = "revoked" if done["revoked"] else "was revoked before"
    out().print(f"{done['id']} {word}")


async def _stored(project: Path, folder: Path) -> list[StoredKey]:
    async with looking(project, folder) as look:
        return await stored_keys(look.state)


async def _change(project: Path, folder: Path, name: str, asked: Body) -> Body:
    async with changing(project, folder, make=True) as change:
        return await change(name, asked)


def _told(key: StoredKey) -> Body:
    return {
        "id": key.digest[:ID_LENGTH],
        "sha256": key.digest,
        "kind": str(key.kind),
        "source": key.source or None,
        "name": key.name,
        "created_at": _when(key.created_at),
        "revoked_at": _when(key.revoked_at),
    }


def _when(moment: Millis | None) -> str | None:
    return to_iso(moment) if moment else None


def _cells(key: StoredKey) -> Iterator[object]:
    yield key.digest[:ID_LENGTH]
    yield key.kind
    yield key.source or "-"
    yield key.name or "-"
    yield _when(key.created_at) or "-"
    yield _when(key.revoked_at) or "-"
