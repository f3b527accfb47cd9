"""`make chaos-guards`: take the guards of the engine away, one by one; judge or test must see it.

Each guard is a place in the code and what it becomes without. The change is made in a copy of the
tree, the short form runs on it, and the counts say what caught it. A guard whose text is no longer
there is an error: this list goes with the code. `ARGS="lease callback"` runs those with such names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

SECONDS = 600
PATIENCE = "40"
"""Seconds: what a guard's absence has stopped for good need not be waited for as long."""
TRIES = 2
STOOD_STILL = "tests/services/test_stood_still.py"


@dataclass(frozen=True)
class Guard:
    """One guard: its place, what stands there, and what without it."""

    name: str
    file: str
    guarded: str
    broken: str
    shown_by: str = ""
    """A test that must fail without it, where a run is too unlikely to come to that pass."""


GUARDS = (
    Guard(
        "an unknown is not sent again",
        "workers/delivery.py",
        "Verdict.unknown: DeliveryStatus.unknown,",
        "Verdict.unknown: DeliveryStatus.scheduled,",
    ),
    Guard(
        "what was attempted is not due again",
        "services/delivery/sweep.py",
        'move(session, delivery, S.unknown, cause="lease ran out", code=NO_ANSWER)',
        'move(session, delivery, S.scheduled, cause="lease ran out")',
    ),
    Guard(
        "what was claimed is found again",
        "services/delivery/sweep.py",
        'move(session, delivery, S.scheduled, cause="lease ran out")',
        "pass",
    ),
    Guard(
        "no call after the lease",
        "utils/lease.py",
        "if awake() > _ends.get():",
        "if False:",
    ),
    Guard(
        "the attempt is stamped before the call",
        "workers/delivery.py",
        '        reached("worker.in_begin")\n',
        '        reached("worker.in_begin")\n        session.rollback()\n',
    ),
    Guard(
        "a job that is there twice sends once",
        "services/dispatch/attempts.py",
        "where d.id = any(:ids) and d.status = 'queued'",
        "where d.id = any(:ids) and d.status in ('queued', 'sent', 'sending')",
    ),
    Guard(
        "only what is queued is released",
        "services/dispatch/claims.py",
        "where id = any(array(select delivery_id from freed)) and status = 'queued'",
        "where id = any(array(select delivery_id from freed))",
        # Only where Redis took a job, and its answer was lost.
        shown_by="tests/services/test_dispatch.py::test_what_is_being_sent_is_not_released",
    ),
    Guard(
        "opt-out is checked when sending begins",
        "services/dispatch/attempts.py",
        "if row.opted_out:",
        "if False:",
    ),
    Guard(
        "validity is checked when sending begins",
        "services/dispatch/attempts.py",
        "if row.valid_until <= now:",
        "if False:",
    ),
    Guard(
        "quiet hours are checked when sending begins",
        "services/dispatch/attempts.py",
        "if why is not None:",
        "if False:",
    ),
    Guard(
        "a contact's own quiet hours and holidays are checked then, too",
        "services/dispatch/attempts.py",
        "theirs = with_own(times, row)",
        "theirs = times",
        shown_by="tests/services/test_eligibility.py",
    ),
    Guard(
        "one address gets no more than the daily cap",
        "services/dispatch/attempts.py",
        "        ) <= :cap\n",
        "        ) <= 1000 + :cap\n",
    ),
    Guard(
        "a callback never moves back",
        "services/delivery/moves.py",
        "if not may_move(before, to):",
        "if before == to:",
    ),
    Guard(
        "a cancelled delivery does not go out",
        "services/reminder/change.py",
        "move(session, delivery, S.cancelled, cause=CANCELLED)",
        "pass",
    ),
    Guard(
        "the due row stays until the end",
        "services/dispatch/claims.py",
        "        update shared.due set claimed_until = now() + make_interval(secs => :lease)\n"
        "        where",
        "        delete from shared.due\n        where",
    ),
    Guard(
        "a claim has an end",
        "services/dispatch/claims.py",
        "update shared.due set claimed_until = now() + make_interval(secs => :lease)",
        "update shared.due set claimed_until = now() + interval '1 day'",
    ),
    Guard(
        "the carrier's list is believed",
        "services/delivery/reconcile.py",
        "found = _ours(session, delivery, passed or ())",
        "found = _ours(session, delivery, ())",
    ),
    Guard(
        "the list is given time",
        "services/delivery/reconcile.py",
        "waited >= patience.settle_after",
        "waited >= 0",
    ),
    Guard(
        "an answer proves nothing about later",
        "services/delivery/reconcile.py",
        "(question.asked_at - given_from)",
        "(now - given_from)",
        # Only where all who could ask again stand still as well: one machine that is suspended.
        shown_by=f"{STOOD_STILL}::test_an_old_answer_of_the_list_proves_nothing_about_later",
    ),
    Guard(
        "staff are asked about what nobody can tell",
        "services/delivery/reconcile.py",
        "open_task(session, UNKNOWN_DELIVERY, delivery.id)",
        "pass",
    ),
    Guard(
        "no task about what is known",
        "services/dispatch/outcomes.py",
        "and state = 'open' and delivery_id",
        "and state = 'open' and false and delivery_id",
    ),
    Guard(
        "what staff were asked about is due again",
        "services/dispatch/outcomes.py",
        "and m.was = 'unknown'\n        on conflict",
        "and false\n        on conflict",
        # Only where a worker stood still with a 429 for an e-mail.
        shown_by=f"{STOOD_STILL}::test_a_late_outcome_that_is_to_be_tried_again_is_due_again",
    ),
    Guard(
        "no second channel while the first is unknown",
        "services/delivery/fallback.py",
        "if not all(gives_way(other) or passed_over(other, delivery) for other in others):",
        "if False:",
        # Only where late words come about two channels, and a third one is left.
        shown_by="tests/services/test_fallback.py"
        "::test_a_late_word_about_a_replaced_channel_opens_nothing_more",
    ),
    Guard(
        "a failure opens the next channel",
        "services/delivery/fallback.py",
        "return delivery.status in _FALLS_BACK or held_up",
        "return delivery.status == S.suppressed or held_up",
    ),
)


def main() -> int:
    """Break each guard that was asked for; 0 when the judge saw every one."""
    words = sys.argv[1:]
    wanted = [g for g in GUARDS if not words or any(word in g.name for word in words)]
    missed = [guard for guard in wanted if not _caught(guard)]
    print(f"{len(wanted) - len(missed)} of {len(wanted)} were caught")
    return 1 if missed else 0


def _caught(guard: Guard) -> bool:
    """Run the short form without a guard; a second seed when the first saw nothing.

    A guard with a test of its own is shown by that: it passes with it, and fails without.
    """
    with tempfile.TemporaryDirectory(prefix="careloop-guard-") as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        if guard.shown_by and _fails(tree, guard.shown_by):
            raise SystemExit(f"{guard.shown_by} fails with the guard in its place")
        _break(tree, guard)
        if guard.shown_by:
            caught = _fails(tree, guard.shown_by)
            said = f"{guard.shown_by} fails" if caught else "NOT CAUGHT"
            print(f"{guard.name:48} {said}", flush=True)
            return caught
        for seed in range(1, TRIES + 1):
            said = _run(tree, seed)
            if said:
                print(f"{guard.name:48} {said} (seed {seed})", flush=True)
                return True
    print(f"{guard.name:48} NOT CAUGHT", flush=True)
    return False


def _copy(tree: Path) -> None:
    """What git knows of the tree, as it stands now, and the same environment."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def _break(tree: Path, guard: Guard) -> None:
    path = tree / guard.file
    text = path.read_text("utf-8")
    if text.count(guard.guarded) != 1:
        raise SystemExit(f"{guard.file}: not once in it: {guard.guarded!r}")
    path.write_text(text.replace(guard.guarded, guard.broken), "utf-8")


def _fails(tree: Path, test: str) -> bool:
    """True when a test fails; one that cannot be run at all shows nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", test, "-q", "-x", "-p", "no:cacheprovider"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"the test broke down: {done.stdout.strip()[-2000:]}")
    return done.returncode == 1


def _run(tree: Path, seed: int) -> str:
    """What the judge counted, or how the run broke down; empty when all seemed well."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--short", "--json", "--seed", str(seed)],
        cwd=tree,
        env=os.environ | {"CHAOS_PATIENCE": PATIENCE},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"the run broke down: {done.stderr.strip()[-2000:]}")
    counts = json.loads(done.stdout.splitlines()[-1])
    counts.pop("not_reached")  # a machine without time is not a guard
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


if __name__ == "__main__":
    sys.exit(main())
