"""The file connector: puts folders, streams and lists together, and looks the files over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from connectors.file.config import FileConfig
from connectors.file.drawing import draw_list
from connectors.file.functions import list_functions
from connectors.file.ledger import Entry, Ledger
from connectors.file.sinks import ListSink
from connectors.file.staging import KEY_JOIN, find_files
from connectors.file.streams import FileStream, ListStream
from hub.errors import ConfigInvalid, IsthmusError
from hub.model.kinds import load_kinds
from hub.sdk import CheckItem, Connector, Proof, Sink, Stream, Tools


class FileConnector(Connector):
    """Reads the lists of a folder and keeps lists in a folder."""

    name = "file"
    label: ClassVar[Mapping[str, str]] = {"en": "Files (CSV, XLSX, JSONL)", "zh": "文件（CSV、XLSX、JSONL）"}
    Config = FileConfig
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.VECTORS,)}

    def __init__(self, config: FileConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._folder, self._out = Path(config.folder).expanduser(), Path(config.out).expanduser()
        self._read = {kind: FileStream(kind, self._folder, stream, tools) for kind, stream in config.streams.items()}
        files = {kind: output.file for kind, output in config.outputs.items()}
        self._ledger = Ledger(self._out, files, tools, self._draw)

    def streams(self) -> Mapping[str, Stream]:
        kept = {kind: ListStream(kind, self._ledger, self.tools) for kind in self.config.outputs}
        return {**kept, **self._read}

    def sinks(self) -> Mapping[str, Sink]:
        return {
            kind: ListSink(kind, self._ledger, self.tools.clock, voids=load_kinds()[kind].TRANSACTIONAL)
            for kind in self.config.outputs
            if kind in load_kinds() and kind not in self._read
        }

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        return list_functions(lambda: self.config)

    def close(self) -> None:
        for stream in self._read.values():
            stream.close()
        self._ledger.close()

    def _draw(self, kind: str, path: Path, entries: Iterator[Entry]) -> None:
        draw_list(kind, path, entries, self.config.outputs[kind], self._name_of)

    def _name_of(self, kind: str, id: str) -> str:
        entry = self._ledger.get(kind, id)
        return str(entry.payload.get("name") or id) if entry is not None else id

    # ------------------------------------------------------------ check

    def check(self) -> Sequence[CheckItem]:
        """Folders, files, encodings, headings and keys; reads the files once and writes nothing."""
        items = list(self._check_config())
        if self.config.streams and self._check_folder(items, self._folder, self.config.folder):
            for stream in self._read.values():
                items += self._check_stream(stream)
        if self.config.outputs and self._check_folder(items, self._out, self.config.out):
            items.append(self._check_writable())
        return items

    def _check_writable(self) -> CheckItem:
        """Whether files may be made in the folder; nothing is."""
        lists = ", ".join(output.file for output in self.config.outputs.values())
        allowed = os.access(self._out, os.W_OK | os.X_OK)
        return CheckItem(
            allowed, "file.writable" if allowed else "file.not_writable", {"folder": self._out, "files": lists}
        )

    def _check_config(self) -> Iterator[CheckItem]:
        known = load_kinds()
        for kind in sorted({*self.config.streams, *self.config.outputs}):
            if kind not in known:
                yield CheckItem(False, "file.kind_unknown", {"kind": kind, "known": ", ".join(known)}, ours=True)
        for kind in sorted(set(self.config.streams) & set(self.config.outputs)):
            yield CheckItem(False, "file.both_ways", {"kind": kind}, ours=True)
        if not self.config.streams and not self.config.outputs:
            yield CheckItem(False, "file.nothing_to_do", {}, ours=True)

    def _check_folder(self, items: list[CheckItem], folder: Path, given: str) -> bool:
        if not given or not folder.is_absolute():
            items.append(CheckItem(False, "file.folder_relative", {"folder": given or "-"}, ours=True))
        elif not folder.is_dir():
            items.append(CheckItem(False, "file.folder_missing", {"folder": folder}, ours=True))
        else:
            return True
        return False

    def _check_stream(self, stream: FileStream) -> Iterator[CheckItem]:
        config = stream.config
        files = find_files(self._folder, config.files)
        if not files:
            named = {"kind": stream.kind, "files": "; ".join(config.files), "folder": self._folder}
            yield CheckItem(False, "file.no_file", named, ours=True)
            return
        try:
            yield from self._check_key(stream) if not config.key else self._tell_files(stream)
        except IsthmusError as error:
            told = {**error.params, "kind": stream.kind}
            yield CheckItem(False, error.code, told, ours=isinstance(error, ConfigInvalid))

    def _check_key(self, stream: FileStream) -> Iterator[CheckItem]:
        """No key is chosen yet: name the columns that could be one."""
        rows = stream.sample(1000)
        columns: dict[str, list[str]] = {}
        for row in rows:
            for name, value in row.items():
                columns.setdefault(name, []).append(str(value or ""))
        unique = [name for name, found in columns.items() if all(found) and len(set(found)) == len(found) == len(rows)]
        told = {"kind": stream.kind, "columns": ", ".join(columns) or "-", "unique": ", ".join(unique) or "-"}
        yield CheckItem(True, "file.key_open", told)

    def _tell_files(self, stream: FileStream) -> Iterator[CheckItem]:
        staging = stream.stage()
        for name, facts in staging.facts.items():
            skipped = sum(count for why, count in facts.skipped.items() if why != "empty")
            numbers = ", ".join(str(sample.number) for sample in facts.samples[:5]) or "-"
            told = {
                "file": name.replace(KEY_JOIN, " · "), "form": facts.encoding or facts.form.upper(),
                "row": facts.header_row, "rows": facts.rows, "columns": len(facts.columns), "skipped": skipped,
                "numbers": numbers + (" …" if skipped > 5 else ""),
            }  # fmt: skip
            yield CheckItem(True, "file.read" if facts.header_row else "file.read_lines", told)
            if facts.other_sheets and not stream.config.sheet:
                others = {"file": name, "sheet": facts.sheet, "others": ", ".join(facts.other_sheets)}
                yield CheckItem(True, "file.other_sheets", others)
        for broken in staging.list_broken():
            assert broken.error is not None  # noqa: S101 - that is what was asked for
            yield CheckItem(False, broken.error[0], {"file": broken.file, **broken.error[1]})
        records, refused = staging.count()
        counted = {"kind": stream.kind, "records": records, "refused": refused, "repeated": staging.repeated}
        yield CheckItem(records > 0, "file.counted" if records else "file.nothing_read", counted)
