"""``encamina keys``: write keys and admin tokens, made and revoked while it runs."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.actions import actions
from cli.control import changing
from cli.filters import YesOption, make_sure
from cli.looks import looking
from cli.options import HERE, DataOption, JsonOption, ProjectOption, data_folder
from cli.output import err, out, plain, print_findings, print_json, print_table
from cli.tasks import run
from engine.control.keys import ID_LENGTH, LAST, is_last_token, key_of
from engine.ingest.stored_keys import KeyKind, StoredKey, keys_of_files, stored_keys
from engine.model.clock import Millis, to_iso
from engine.model.errors import ProjectError
from engine.model.finding import has_errors
from engine.model.jsonvalue import Body
from engine.project.env import read_env
from engine.project.read import read_spec
from engine.release.keys import FileKeys, build_keys

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
    keys = _keys(project, data_folder(project, data))
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
    yes: YesOption = False,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key: at once, for good, and also where it stands in encamina.yaml.

    Asks before it revokes the last admin token.

    Example: encamina keys revoke 1f2e3d4c
    """
    folder = data_folder(project, data)
    if not yes:
        yes = _may_be_last(_keys(project, folder), key_id)
    asked: Body = {"id": key_id, **({"last": True} if yes else {})}
    done = run(partial(_change, project, folder, "keys/revoke", asked))
    if as_json:
        print_json(done)
    else:
        word = "revoked" if done["revoked"] else "was revoked before"
        out().print(f"{done['id']} {word}")
    if done["revoked"] and not done["left"]:
        _say_none_left(done)


def _may_be_last(keys: Sequence[StoredKey], key_id: str) -> bool:
    """Whether a person was asked about the last admin token, and agrees; False of another key."""
    key = key_of(keys, key_id)
    if not is_last_token(keys, key):
        return False
    make_sure(f"{key.digest[:ID_LENGTH]} is the last admin token: {LAST}. Revoke it?")
    return True


def _say_none_left(done: Body) -> None:
    if done["kind"] == KeyKind.ADMIN:
        words = (
            "No admin token is left. To make one: stop the server, "
            "encamina keys create --admin, and start it again."
        )
    else:
        source = plain(str(done["source"]))
        words = (
            f"{source} has no write key any more, so nobody can send as it: "
            f"encamina keys create --source {source}"
        )
    err().print(f"[yellow]{words}[/]")


def _keys(project: Path, folder: Path) -> list[StoredKey]:
    """All keys: those in encamina.yaml, then those made since."""
    spec, findings = read_spec(project)
    files = FileKeys()
    if spec is not None:
        files, faults = build_keys(spec, read_env(project)[0])
        findings = [*findings, *faults]
    if has_errors(findings):
        print_findings(findings)
        raise ProjectError(f"the settings in {project.resolve()} have errors")
    stored = run(partial(_stored, project, folder)) if folder.is_dir() else []
    return [*keys_of_files(files, stored), *stored]


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
