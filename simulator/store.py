"""Everything accepted, in memory, and written through to a SQLite file if one is named.

Writing through (not behind) is the point: what the API answered 2xx for is in the ledger after a
`kill -9`. `synchronous=OFF` is safe against that, though not against the machine losing power.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Any

from simulator.resources import Attachment, Call, Entry, Mail, Message, PhoneMessage, Recording

_KINDS: dict[str, type[Message | PhoneMessage | Call | Mail]] = {
    kind.kind: kind for kind in (Message, PhoneMessage, Call, Mail)
}


class Store:
    """The carrier's memory. Not thread-safe: only the event loop touches it."""

    def __init__(self, path: str = "") -> None:
        self.entries: dict[str, Entry] = {}
        self.recordings: dict[str, Recording] = {}
        self.attachments: dict[str, Attachment] = {}
        self.opt_outs: set[tuple[str, str]] = set()
        self._written_at: dict[tuple[str, str], float] = {}
        self._by_to: dict[str, list[Entry]] = {}
        self._file = _open(path) if path else None
        if self._file is not None:
            self._load(self._file)

    def close(self) -> None:
        """Close the ledger file, if there is one."""
        if self._file is not None:
            self._file.close()

    def add(self, entry: Entry) -> None:
        """Accept something: from here on it is in the ledger."""
        self._keep(entry)
        self.save(entry)

    def _keep(self, entry: Entry) -> None:
        self.entries[entry.sid] = entry
        self._by_to.setdefault(entry.to, []).append(entry)
        if entry.direction == "inbound":
            self._written_at[entry.to, entry.sender] = entry.accepted_at

    def written_at(self, number: str, address: str) -> float | None:
        """When an address last wrote to (or called) a number, in UNIX seconds; None for never."""
        return self._written_at.get((number, address))

    def save(self, entry: Entry) -> None:
        """Write an entry's present state to the file."""
        if self._file is not None:
            self._put(self._file, entry.sid, entry.kind, entry.as_document())

    def add_recording(self, recording: Recording) -> None:
        """Keep audio; called again after a change."""
        self.recordings[recording.sid] = recording
        if self._file is not None:
            document = {name: getattr(recording, name) for name in recording.__slots__}
            document["wav"] = base64.b64encode(recording.wav).decode()
            self._put(self._file, recording.sid, recording.kind, document)

    def opt_out(self, number: str, address: str) -> None:
        """`address` told `number` to stop."""
        self.opt_outs.add((number, address))
        self._save_opt_outs()

    def opt_in(self, number: str, address: str) -> None:
        """`address` told `number` to start again."""
        self.opt_outs.discard((number, address))
        self._save_opt_outs()

    def message(self, sid: str) -> Message | None:
        """A message that the API may show: not deleted, not the carrier's own."""
        entry = self.entries.get(sid)
        shown = isinstance(entry, Message) and not (entry.deleted or entry.automatic)
        return entry if isinstance(entry, Message) and shown else None

    def call(self, sid: str) -> Call | None:
        """A call that has not been deleted."""
        entry = self.entries.get(sid)
        return entry if isinstance(entry, Call) and not entry.deleted else None

    def newest_first(self, to: str = "") -> Iterator[Entry]:
        """Entries, the latest accepted first; with `to`, only those sent there (indexed)."""
        return iter(self._by_to.get(to, [])[::-1]) if to else reversed(self.entries.values())

    def ledger(
        self,
        *,
        to: str = "",
        channel: str = "",
        direction: str = "",
        since: float = 0.0,
        limit: int = 0,
    ) -> list[Entry]:
        """Entries, newest last. `since` is UNIX seconds, inclusive; `limit` keeps the newest."""
        found = (
            entry
            for entry in self.newest_first(to)
            if (not channel or entry.channel == channel)
            and (not direction or entry.direction.startswith(direction))
            and entry.accepted_at >= since
        )
        newest = list(islice(found, limit)) if limit else list(found)
        return newest[::-1]

    def clear(self) -> None:
        """Empty the ledger and forget recordings; opt-outs stay, as they are no traffic."""
        self.entries.clear()
        self.recordings.clear()
        self.attachments.clear()
        self._by_to.clear()
        self._written_at.clear()
        if self._file is not None:
            self._file.execute("delete from resource where kind <> 'opt_outs'")
            self._file.commit()

    def clear_opt_outs(self) -> None:
        """Forget who said stop."""
        self.opt_outs.clear()
        self._save_opt_outs()

    def _save_opt_outs(self) -> None:
        if self._file is not None:
            pairs = [list(pair) for pair in sorted(self.opt_outs)]
            self._put(self._file, "opt_outs", "opt_outs", {"pairs": pairs})

    def _put(self, file: sqlite3.Connection, sid: str, kind: str, document: dict[str, Any]) -> None:
        file.execute(
            "insert into resource (sid, kind, document) values (?, ?, ?)"
            " on conflict (sid) do update set document = excluded.document",
            (sid, kind, json.dumps(document)),
        )
        file.commit()

    def _load(self, file: sqlite3.Connection) -> None:
        for kind, text in file.execute("select kind, document from resource order by seq"):
            document = json.loads(text)
            if kind in _KINDS:
                entry = _KINDS[kind](**document)
                self._keep(entry)
            elif kind == "recording":
                document["wav"] = base64.b64decode(document["wav"])
                self.recordings[document["sid"]] = Recording(**document)
            else:
                self.opt_outs = {(number, address) for number, address in document["pairs"]}


def _open(path: str) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=5.0)
    file.execute("pragma journal_mode = wal")
    file.execute("pragma synchronous = off")
    file.execute(
        "create table if not exists resource"
        " (seq integer primary key, sid text unique not null, kind text not null,"
        " document text not null)"
    )
    file.commit()
    return file
