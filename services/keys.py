"""The keys that seal what is stored: registered, checked, rotated, retired.

`shared.encryption_keys` remembers every key that was ever in the ring, by a fingerprint. A process
whose ring lacks one of them must not start: what that key sealed could not be opened, and that is
better said on the day the key is lost than on the day it is needed.
"""

# ruff: noqa: S608 - the names in these statements are our own metadata's, quoted; never input

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, Table, select, text
from sqlalchemy.dialects.postgresql import insert

import models
from config.settings import PrivacySettings, get_settings
from database.provision import establishment_ids
from database.roles import SHARED_SCHEMA, establishment_schema
from database.session import Database
from database.types import SEALED_TYPES
from models.base import SharedBase
from models.installation import EncryptionKey
from utils.crypto import CannotDecrypt, Cipher, fingerprint, sealed_prefix

_BATCH = 500

Progress = Callable[[int, int], None]
"""Called with values sealed anew and values in all."""
RecordingReseal = Callable[[int, str], None]
"""Seals one stored recording anew with the current key: establishment, recording id. It may be
repeated; `recordings.key_id` is set here once it has returned."""


class KeyProblem(Exception):
    """A key is missing or not what it was. The message names key ids and says what to do."""


class KeyInUse(Exception):
    """A key cannot be retired: something is still sealed with it, or it is the current one."""


@dataclass(frozen=True)
class SealedColumn:
    """A column that holds sealed values, in one schema."""

    schema: str
    table: str
    column: str
    primary_key: str
    label: str


@dataclass
class KeyReport:
    """How many values each key has sealed, what does not open, and what is wrong."""

    current: str
    values: Counter[str] = field(default_factory=Counter)
    recordings: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def register_keys(database: Database, privacy: PrivacySettings | None = None) -> None:
    """Note this process's keys, at its start; raises `KeyProblem` when one is missing or altered.

    `privacy` is the process's own settings unless given.

    Nothing is noted when there is a problem: a wrong ring must not replace the right one.
    """
    key_ring = (privacy or get_settings().privacy).key_ring
    ring = {key_id: fingerprint(key) for key_id, key in key_ring.items()}
    with database.service() as session:
        registered = {row.id: row.fingerprint for row in session.scalars(select(EncryptionKey))}
        problems = _ring_problems(ring, registered)
        if problems:
            raise KeyProblem(" ".join(problems))
        session.execute(
            insert(EncryptionKey)
            .values([{"id": key_id, "fingerprint": mark} for key_id, mark in ring.items()])
            .on_conflict_do_nothing(index_elements=["id"])
        )


def _ring_problems(ring: dict[str, str], registered: dict[str, str]) -> list[str]:
    problems = [
        f"Key {key_id!r} is not in ENCRYPTION_KEYS, and stored values may be sealed with it: put"
        f" it back after the current key, or run `python cli.py keys re-encrypt` where it still is"
        f" and then `python cli.py keys retire {key_id}`."
        for key_id in sorted(set(registered) - set(ring))
    ]
    return problems + [
        f"Key {key_id!r} in ENCRYPTION_KEYS is not the key that bore this id before: put the old"
        f" one back, and give the new one an id of its own. (Without ENCRYPTION_KEYS the key comes"
        f" from SECRET_KEY: put the old SECRET_KEY back.)"
        for key_id in sorted(set(registered) & set(ring))
        if registered[key_id] != ring[key_id]
    ]


def sealed_columns(engine: Engine) -> Iterator[SealedColumn]:
    """Every sealed column of the shared schema and of each establishment's."""
    yield from _columns_of(SharedBase.metadata.sorted_tables, SHARED_SCHEMA)
    for number in establishment_ids(engine):
        yield from _columns_of(models.Base.metadata.sorted_tables, establishment_schema(number))


def _columns_of(tables: list[Table], schema: str) -> Iterator[SealedColumn]:
    for table in tables:
        for column in table.columns:
            if isinstance(column.type, SEALED_TYPES):
                (primary_key,) = table.primary_key.columns
                yield SealedColumn(
                    schema, table.name, column.name, primary_key.name, column.type.label
                )


def check(engine: Engine, privacy: PrivacySettings) -> KeyReport:
    """Count what each key has sealed, open one value of each column and key, and look for gaps."""
    ring = privacy.key_ring
    cipher = Cipher(ring)
    report = KeyReport(cipher.current)
    with engine.connect() as connection:
        registered = {
            row.id: row.fingerprint
            for row in connection.execute(select(EncryptionKey.id, EncryptionKey.fingerprint))
        }
        marks = {key_id: fingerprint(key) for key_id, key in ring.items()}
        report.problems += _ring_problems(marks, registered)
        for place in sealed_columns(engine):
            _check_column(connection, place, cipher, report)
        for schema in map(establishment_schema, establishment_ids(engine)):
            report.recordings.update(_recordings_by_key(connection, schema))
    missing = (set(report.values) | set(report.recordings)) - set(ring)
    report.problems += [
        f"{report.values[key_id]} values and {report.recordings[key_id]} recordings are sealed"
        f" with key {key_id!r}, which is not in ENCRYPTION_KEYS."
        for key_id in sorted(missing)
    ]
    return report


def _check_column(
    connection: Connection, place: SealedColumn, cipher: Cipher, report: KeyReport
) -> None:
    # The header of a sealed value says its key (utils/crypto): version, length of the id, id.
    column = f'"{place.column}"'
    rows = connection.execute(
        text(
            f"select case when length({column}) > 2 then encode(substring({column} from 3"
            f" for get_byte({column}, 1)), 'escape') end as key_id, count(*) as values,"
            f" (array_agg({column}))[1] as sample"
            f' from "{place.schema}"."{place.table}" where {column} is not null group by 1'
        )
    )
    for key_id, count, sample in rows:
        if key_id is not None:
            report.values[key_id] += count
            if key_id not in cipher.key_ids:
                continue
        try:
            cipher.open(bytes(sample), place.label)
        except CannotDecrypt:
            report.problems.append(
                f"A value in {place.schema}.{place.table}.{place.column} does not open: it was"
                f" altered, or copied from elsewhere."
            )


def _recordings_by_key(connection: Connection, schema: str) -> dict[str, int]:
    rows = connection.execute(
        text(f'select key_id, count(*) from "{schema}".recordings group by 1')
    )
    return {str(key_id): int(count) for key_id, count in rows}


def re_encrypt(
    engine: Engine,
    cipher: Cipher,
    *,
    progress: Progress | None = None,
    recordings: RecordingReseal | None = None,
) -> int:
    """Seal with the current key what another one sealed; returns how many values and recordings.

    As the owner, in batches of one transaction each: it may be cut and started again, while the
    service runs. Raises `CannotDecrypt` for a value that does not open, after the batches before.
    """
    places = list(sealed_columns(engine))
    total = sum(_count_old(engine, place, cipher.current) for place in places)
    done = 0
    for place in places:
        last: object = None
        while True:
            changed, last = _reseal_batch(engine, place, cipher, last)
            done += changed
            if progress:
                progress(done, max(total, done))
            if last is None:
                break
    if recordings is not None:
        done += _reseal_recordings(engine, cipher.current, recordings)
    return done


def _old(place: SealedColumn) -> str:
    return (
        f'"{place.column}" is not null'
        f' and substring("{place.column}" from 1 for :length) <> :prefix'
    )


def _prefix(key_id: str) -> dict[str, object]:
    prefix = sealed_prefix(key_id)
    return {"prefix": prefix, "length": len(prefix)}


def _count_old(engine: Engine, place: SealedColumn, current: str) -> int:
    statement = f'select count(*) from "{place.schema}"."{place.table}" where {_old(place)}'
    with engine.connect() as connection:
        return int(connection.scalar(text(statement), _prefix(current)) or 0)


def _reseal_batch(
    engine: Engine, place: SealedColumn, cipher: Cipher, after: object
) -> tuple[int, object]:
    """Seal one batch anew; how many, and the last primary key (None at the end)."""
    table, key = f'"{place.schema}"."{place.table}"', f'"{place.primary_key}"'
    where = _old(place) + (f" and {key} > :after" if after is not None else "")
    found = _prefix(cipher.current) | {"after": after, "batch": _BATCH}
    with engine.begin() as connection:
        rows = connection.execute(
            text(
                f'select {key}, "{place.column}" from {table} where {where}'
                f" order by {key} limit :batch for update"
            ),
            found,
        ).all()
        if not rows:
            return 0, None
        connection.execute(
            text(f'update {table} set "{place.column}" = :value where {key} = :key'),
            [
                {
                    "key": row_key,
                    "value": cipher.seal(cipher.open(bytes(value), place.label), place.label),
                }
                for row_key, value in rows
            ],
        )
    return len(rows), rows[-1][0]


def _reseal_recordings(engine: Engine, current: str, reseal: RecordingReseal) -> int:
    done = 0
    for number in establishment_ids(engine):
        table = f'"{establishment_schema(number)}".recordings'
        with engine.connect() as connection:
            old = connection.scalars(
                text(f"select id from {table} where key_id <> :current"), {"current": current}
            ).all()
        for recording_id in old:
            reseal(number, str(recording_id))
            with engine.begin() as connection:
                connection.execute(
                    text(f"update {table} set key_id = :current where id = :id"),
                    {"current": current, "id": recording_id},
                )
            done += 1
    return done


def retire(engine: Engine, privacy: PrivacySettings, key_id: str) -> None:
    """Forget a key, so that it may leave the ring; raises `KeyInUse` while anything needs it."""
    if key_id == next(iter(privacy.key_ring)):
        raise KeyInUse(f"Key {key_id!r} is the current one: put a new key before it first.")
    report = check(engine, privacy)
    values, recordings = report.values[key_id], report.recordings[key_id]
    if values or recordings:
        raise KeyInUse(
            f"{values} values and {recordings} recordings are still sealed with key {key_id!r}:"
            " run `python cli.py keys re-encrypt` first, after every process has been restarted"
            " with the new key in front."
        )
    with engine.begin() as connection:
        gone = connection.execute(
            text("delete from shared.encryption_keys where id = :id"), {"id": key_id}
        )
    if not gone.rowcount:
        raise KeyInUse(f"No key {key_id!r} is known here.")
