"""Writing parties. Children are taken away by deactivating them: invoices keep their address, and it can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.tryton.shapes import ADDRESS_KINDS, IDENTIFIER_TYPES, name_address_kind
from connectors.tryton.sinks import Current, Payload, Request, TrytonSink, pick_changes, to_id
from hub.errors import Rejected
from hub.sdk import ALL_FIELDS, Draft, Normaliser, SourceRecord, Stage, Tier, WriteSemantics

CHILDREN = ("addresses", "contact_mechanisms", "identifiers")
HIDE = {"active": False}
Commands = list[list[Any]]


class PartySink(TrytonSink):
    """Customers. Our reference is an identifier without a type, or the code when the admin gave that to the hub."""

    kind = "account"
    stream = "party"

    @property
    def semantics(self) -> WriteSemantics:
        unique = self.is_reference_unique
        return WriteSemantics(
            tier=Tier.UNIQUE if unique else Tier.PLAIN,
            reference_field="party.party code" if unique else "party.identifier code (type empty)",
            editable={Stage.EFFECTIVE: ALL_FIELDS},
            compare_and_set=True,
            confirms_version=True,
            shows_modifier=True,
            d_max_s=self.d_max_s,
            normalisers={"identifiers.value": Normaliser(case="upper")},
        )

    @property
    def is_reference_unique(self) -> bool:
        return self._config.codes_as_reference

    @property
    def reference_path(self) -> str:
        return "code" if self.is_reference_unique else "identifiers.code"

    def find_by_identifier(self, kind: str, value: str) -> Sequence[SourceRecord]:
        """Active parties only: Tryton deactivates a party that was merged into another."""
        wanted = IDENTIFIER_TYPES.get(kind)
        if wanted is None:
            return ()
        found = self._stream.read_records([["identifiers.code", "=", value], ["active", "=", True]])
        return [
            record
            for record in found
            if any(item["code"] == value for item in record.payload["identifiers"].get(wanted, ()))
        ]

    def refuses_edits(self, current: Current) -> str | None:
        return None if current.payload["active"] else "inactive"

    def make_create(self, draft: Draft) -> Request:
        payload = draft.payload
        identifiers = [
            {"type": kind, "code": item["code"]}
            for kind, items in (payload.get("identifiers") or {}).items()
            for item in items
        ]
        values: dict[str, Any] = {"name": payload.get("name") or None}
        if self.is_reference_unique:
            values["code"] = draft.ref
        else:
            identifiers.append({"type": None, "code": draft.ref})
        mechanisms = [item for item in payload.get("contact_mechanisms", ()) if item.get("value")]
        addresses = [self._make_address(item, {}) for item in payload.get("addresses", ())]
        for path, made in (
            ("identifiers", identifiers), ("contact_mechanisms", mechanisms), ("addresses", addresses),
        ):  # fmt: skip
            if made:
                values[path] = [["create", made]]
        return Request("party.party", "create", [[values]])

    def make_patch(self, current: Current, payload: Payload) -> Request:
        values = pick_changes({name: payload[name] for name in ("name",) if name in payload}, current.payload)
        commands: dict[str, Commands] = {
            "addresses": self._change_addresses(current, payload),
            "contact_mechanisms": _change_mechanisms(current, payload),
            "identifiers": _change_identifiers(current, payload),
        }
        for path in CHILDREN:
            # The empty write puts every child under the lock, changed or not.
            locked = current.list_ids(path)
            values[path] = [*([["write", locked, {}]] if locked else []), *commands[path]]
        return Request("party.party", "write", [[current.id], values], current.stamps(*CHILDREN))

    def _change_addresses(self, current: Current, payload: Payload) -> Commands:
        if "addresses" not in payload:
            return []
        known = {address["id"]: address for address in current.payload["addresses"]}
        wanted = {to_id(item["id"]): item for item in payload["addresses"] if item.get("id")}
        commands: Commands = []
        for id, address in known.items():
            if id not in wanted:
                commands.append(["write", [id], HIDE])
            elif changes := self._make_address(wanted[id], address):
                commands.append(["write", [id], changes])
        new = [item for item in payload["addresses"] if not item.get("id") or to_id(item["id"]) not in known]
        return [*commands, *([["create", [self._make_address(item, {}) for item in new]]] if new else [])]

    def _make_address(self, wanted: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
        """The values of an address that differ from what is there."""
        texts = {name: wanted[name] for name in ("street", "city", "postal_code") if name in wanted}
        values = pick_changes(texts, current)
        if "country" in wanted:
            code = wanted["country"].get("code") or None
            if code != (current.get("country") or {}).get("code"):
                values["country"] = self._tables.find_country(code) if code else None
        if "subdivision" in wanted:
            name = wanted["subdivision"].get("name") or None
            if name != (current.get("subdivision") or {}).get("name"):
                values["subdivision"] = self._find_province(name) if name else None
        kind = wanted.get("kind") or "main"
        if not current or kind != name_address_kind(current):
            values.update(_make_flags(kind, fresh=not current))
        return {name: value if value != "" else None for name, value in values.items()}

    def _find_province(self, name: str) -> int:
        rows = self._client.search_read("country.subdivision", [["name", "=", name]], ["name"])
        if not rows:
            raise Rejected("tryton.province_unknown", value=name)
        return int(rows[0]["id"])


def _make_flags(kind: str, *, fresh: bool) -> dict[str, bool]:
    """What an address is used for; a new one for everything has no flag."""
    flags = {name: pair for pair, name in ADDRESS_KINDS.items()}.get(kind, (False, False))
    return {} if fresh and not any(flags) else {"invoice": flags[0], "delivery": flags[1]}


def _change_mechanisms(current: Current, payload: Payload) -> Commands:
    """The first of each named type takes the value, or is deactivated by an empty one."""
    commands: Commands = []
    for wanted in payload.get("contact_mechanisms", ()):
        known = [item for item in current.payload["contact_mechanisms"] if item["type"] == wanted["type"]]
        value = wanted.get("value") or None
        if not known and value:
            commands.append(["create", [{"type": wanted["type"], "value": value}]])
        elif known and value != known[0]["value"]:
            commands.append(["write", [known[0]["id"]], {"value": value} if value else HIDE])
    return commands


def _change_identifiers(current: Current, payload: Payload) -> Commands:
    """Only within the types that the mapping names: our reference and everything else stay."""
    commands: Commands = []
    for kind, items in (payload.get("identifiers") or {}).items():
        known = {item["id"]: item for item in current.payload["identifiers"].get(kind, ())}
        wanted = {to_id(item["id"]): item for item in items if item.get("id")}
        for id, item in known.items():
            if id not in wanted:
                commands.append(["write", [id], HIDE])
            elif wanted[id]["code"] != item["code"]:
                commands.append(["write", [id], {"code": wanted[id]["code"]}])
        new = [item for item in items if not item.get("id") or to_id(item["id"]) not in known]
        if new:
            commands.append(["create", [{"type": kind, "code": item["code"]} for item in new]])
    return commands
