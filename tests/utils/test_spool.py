"""The spool: sealed, bounded, in order, torn ends tolerated, many processes in one folder.

That `append` syncs the file and its folder before it returns cannot be shown without cutting the
power; it is read in the code. To see the rest fail: leave out the sealing, the bound, the merge by
time (`min` in `_earliest`), the lock in `remove_if_ended`, the CRC, or the lock of `_turn`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import ROOT
from utils.crypto import Cipher
from utils.spool import Entry, Spool, SpoolFull, SpoolUnusable

KEYS = {"k1": b"1" * 32}
WORDS = b"une phrase intime"


def spool(folder: Path, most: int = 10_000_000, keys: dict[str, bytes] = KEYS) -> Spool:
    made = Spool(folder, Cipher(keys), most)
    made.prepare()
    return made


def drained(one: Spool) -> list[bytes]:
    found: list[bytes] = []
    one.drain(lambda entry: found.append(entry.record))
    return found


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def test_what_is_appended_is_drained_in_order_and_gone(tmp_path: Path) -> None:
    one = spool(tmp_path)
    for number in range(50):
        one.append(Entry(number, b"%d" % number))
    assert (one.waiting(), one.empty) == (50, False)
    assert drained(one) == [b"%d" % number for number in range(50)]
    assert (one.waiting(), one.empty, segments(tmp_path)) == (0, True, [])


def test_nothing_readable_lies_on_the_disk(tmp_path: Path) -> None:
    one = spool(tmp_path)
    one.append(Entry(1, WORDS))
    (segment,) = segments(tmp_path)
    assert WORDS not in segment.read_bytes()
    assert WORDS.hex().encode() not in segment.read_bytes()
    assert segment.stat().st_mode & 0o777 == 0o600
    assert drained(one) == [WORDS]


def test_two_processes_are_merged_by_time(tmp_path: Path) -> None:
    one, other = spool(tmp_path), spool(tmp_path)
    for number in range(20):
        (one, other)[number % 2].append(Entry(number, b"%d" % number))
    assert len(segments(tmp_path)) == 2
    assert drained(one) == [b"%d" % number for number in range(20)]


def test_what_is_not_taken_stays_with_all_that_came_after_it(tmp_path: Path) -> None:
    one = spool(tmp_path)
    for number in range(5):
        one.append(Entry(number, b"%d" % number))

    def away(entry: Entry) -> None:
        if entry.record == b"2":
            raise ConnectionError

    with pytest.raises(ConnectionError):
        one.drain(away)
    # Only whole segments are removed: what takes records in must know a repeat.
    assert drained(one) == [b"0", b"1", b"2", b"3", b"4"]


def test_what_comes_while_it_is_drained_comes_too(tmp_path: Path) -> None:
    one, other = spool(tmp_path), spool(tmp_path)
    one.append(Entry(1, b"1"))
    found = []

    def take(entry: Entry) -> None:
        found.append(entry.record)
        if entry.at < 10:
            (one, other)[entry.at % 2].append(Entry(entry.at + 1, b"%d" % (entry.at + 1)))

    one.drain(take)
    assert found == [b"%d" % number for number in range(1, 11)]
    assert one.empty


def test_a_drained_segment_is_not_written_again(tmp_path: Path) -> None:
    one, other = spool(tmp_path), spool(tmp_path)
    one.append(Entry(1, b"1"))
    assert drained(other) == [b"1"]
    one.append(Entry(2, b"2"))
    assert drained(other) == [b"2"]


def test_writing_and_draining_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [spool(tmp_path) for _ in range(3)]
    drain = spool(tmp_path)
    found: list[bytes] = []
    done = threading.Event()

    def write(place: int) -> None:
        for number in range(100):
            writers[place].append(Entry(number, b"%d.%d" % (place, number)))

    def read() -> None:
        while not (done.is_set() and drain.empty):
            drain.drain(lambda entry: found.append(entry.record))

    threads = [threading.Thread(target=write, args=(place,)) for place in range(3)]
    reader = threading.Thread(target=read)
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    assert len(found) == 300
    for place in range(3):
        own = [record for record in found if record.startswith(b"%d." % place)]
        assert own == [b"%d.%d" % (place, number) for number in range(100)]


@pytest.mark.parametrize("cut", [1, 8, 15, 16, 17, 40])
def test_a_torn_end_is_dropped_and_the_rest_kept(tmp_path: Path, cut: int) -> None:
    one = spool(tmp_path)
    one.append(Entry(1, b"whole"))
    (segment,) = segments(tmp_path)
    whole = segment.stat().st_size
    one.append(Entry(2, b"torn off by a crash"))
    os.truncate(segment, whole + cut)
    assert drained(spool(tmp_path)) == [b"whole"]
    assert one.empty


def test_an_altered_record_is_kept_for_somebody_to_look_at(tmp_path: Path) -> None:
    one = spool(tmp_path)
    for number in range(3):
        one.append(Entry(number, b"%d" % number))
    (segment,) = segments(tmp_path)
    raw = bytearray(segment.read_bytes())
    raw[len(raw) // 2] ^= 1
    segment.write_bytes(raw)
    assert drained(spool(tmp_path)) == [b"0"]
    assert [path.suffix for path in tmp_path.glob("*-*")] == [".damaged"]


def test_a_record_of_a_lost_key_stands_in_nobodys_way(tmp_path: Path) -> None:
    spool(tmp_path, keys={"old": b"0" * 32}).append(Entry(1, b"of an old key"))
    one = spool(tmp_path)
    one.append(Entry(2, b"2"))
    assert drained(one) == [b"2"]
    assert one.empty
    both = spool(tmp_path, keys=KEYS | {"old": b"0" * 32})
    assert drained(both) == [b"of an old key"]


def test_what_is_set_aside_is_tried_again_at_the_next_start(tmp_path: Path) -> None:
    one = spool(tmp_path)
    one.append(Entry(1, b"1"))
    one.drain(one.set_aside)
    assert one.empty
    assert drained(spool(tmp_path)) == [b"1"]


def test_it_is_bounded_and_takes_in_again_when_it_was_drained(tmp_path: Path) -> None:
    one = spool(tmp_path, most=80_000)
    count = 0
    while not one.full:
        one.append(Entry(count, b"x" * 1_000))
        count += 1
        assert count < 100
    with pytest.raises(SpoolFull):
        one.append(Entry(count, b"x" * 80_000))
    assert sum(path.stat().st_size for path in segments(tmp_path)) <= 80_000
    assert one.full
    assert len(drained(one)) == count
    one.append(Entry(1, b"again"))


def test_only_one_drains_at_a_time(tmp_path: Path) -> None:
    one, other = spool(tmp_path), spool(tmp_path)
    one.append(Entry(1, b"1"))
    seen = []
    one.drain(lambda entry: seen.append(drained(other)))
    assert seen == [[]]


_DIE = """
import os, signal, sys
from pathlib import Path
from utils.crypto import Cipher
from utils.spool import Entry, Spool
one = Spool(Path(sys.argv[1]), Cipher({"k1": b"1" * 32}), 10**7)
one.prepare()
for number in range(10):
    one.append(Entry(number, b"%d" % number))
one.drain(lambda entry: entry.at == 4 and os.kill(os.getpid(), signal.SIGKILL))
"""


def test_what_a_killed_process_left_is_drained_by_another(tmp_path: Path) -> None:
    died = subprocess.run(
        [sys.executable, "-c", _DIE, str(tmp_path)],
        cwd=ROOT,
        env=os.environ,
        check=False,
        timeout=60,
    )
    assert died.returncode == -9
    assert drained(spool(tmp_path)) == [b"%d" % number for number in range(10)]


def test_a_folder_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolUnusable) as refusal:
        spool(tmp_path / "file" / "spool")
    assert str(tmp_path) in str(refusal.value)
    assert "WEBHOOK_SPOOL" in str(refusal.value)
    assert "\n" not in str(refusal.value)
