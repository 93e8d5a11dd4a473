"""The systems that this hub knows how to talk to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.commands.session import Session, answering
from hub.errors import IsthmusError

Name = Annotated[str, typer.Argument(help="A connector's name, such as sandbox.")]


@dataclass(frozen=True)
class ConnectorRow:
    """One line of the list."""

    name: str
    label: str
    origin: str
    kinds: tuple[str, ...]


def show_list(ctx: typer.Context) -> None:
    """List the connectors: built in, of this home, and of installed packages."""
    with answering(ctx, "connector.list") as session:
        rows = _collect(session)
        session.items(rows)
        session.table(
            ["connector", "label", "origin", "kinds"], [(row.name, row.label, row.origin, row.kinds) for row in rows]
        )


def _collect(session: Session) -> list[ConnectorRow]:
    from hub.runtime.plugins import find_connectors, find_mapping_files, load_connector

    rows = []
    for name, found in find_connectors(session.home).items():
        try:
            loaded = load_connector(name, session.home)
        except IsthmusError as error:  # one broken connector must not hide the others
            session.fail(error)
            continue
        label = loaded.label.get(session.options.lang, name)
        rows.append(ConnectorRow(name, label, found.origin, tuple(find_mapping_files(name, loaded))))
    return rows


def show(ctx: typer.Context, name: Name) -> None:
    """Show what a connection of this connector asks for, and which kinds it maps."""
    with answering(ctx, "connector.show") as session:
        from hub.runtime.plugins import find_connectors, find_mapping_files, load_connector

        loaded = load_connector(name, session.home)
        fields = describe_fields(loaded.Config, session.options.lang)
        kinds = list(find_mapping_files(name, loaded))
        label = loaded.label.get(session.options.lang, name)
        origin = find_connectors(session.home)[name].origin
        session.item({"name": name, "label": label, "origin": origin, "kinds": kinds, "config": fields})
        session.write(f"{name}: {label} ({origin})")
        session.say("cli.connector_kinds", kinds=", ".join(kinds) or "-")
        session.table(
            ["key", "required", "secret", "default", "question"],
            [(row["key"], row["required"], row["secret"], row["default"], row["question"]) for row in fields],
        )


def describe_fields(model: Any, lang: str) -> list[dict[str, Any]]:
    """The fields of a connector's configuration as questions; defaults of secrets are not shown."""
    from hub.runtime.settings import secret_fields

    secrets = secret_fields(model)
    described = []
    for key, info in model.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        zh = extra.get("zh")
        question = str(zh) if lang == "zh" and zh else info.description or key
        default = None if info.is_required() or key in secrets else info.get_default(call_default_factory=True)
        described.append(
            {
                "key": key,
                "question": question,
                "required": info.is_required(),
                "secret": key in secrets,
                "default": default,
            }
        )
    return described


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The new connector's name, such as acme.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where its folder is made; default: connectors of the home.")
    ] = None,
) -> None:
    """Write a connector to start from: code, simulator, mapping, texts, and a conformance test that fails for now."""
    with answering(ctx, "connector.new") as session:
        from hub.runtime.scaffold import list_open_places, write_connector

        made = write_connector(session.home if folder else session.home.require(), name, folder)
        target = (folder or session.home.connectors) / name
        places = list_open_places(target)
        item = {"name": name, "folder": target, "made": made}
        session.item(item | {"places": [{"file": path, "line": line, "what": what} for path, line, what in places]})
        session.say("cli.connector_made", folder=target, count=len(made))
        session.say("cli.connector_places", folder=target)
        for path, line, what in places:
            session.write(f"  {path.relative_to(target)}:{line}  {what}")


COMMANDS = {"list": show_list, "show": show, "new": new}
