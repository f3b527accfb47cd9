"""Health check of a container: `python deploy/alive.py api`, or scheduler, worker, simulator.

The exit code says it: 0 is well. The API is asked over HTTP whether it runs (not whether the
database does: a restart would not help that). A scheduler or worker must have left its heartbeat
in the database.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.request
from pathlib import Path

SILENT_SECONDS = 60
_ADDRESSES = {
    "api": f"{os.environ.get('PORT', '8000')}/health/live",
    "simulator": f"{os.environ.get('SIMULATOR_PORT', '8025')}/simulator/ledger",
}
_SEEN = """
    select 1 from processes
    where starts_with(id, :mine) and seen_at > now() - make_interval(secs => :silent) limit 1
"""


def answers(address: str) -> bool:
    """True when this container's own server answers with success."""
    with urllib.request.urlopen(f"http://127.0.0.1:{address}", timeout=4) as answer:
        return bool(answer.status == 200)


def was_seen(kind: str) -> bool:
    """True when this container's process of that kind has left a heartbeat lately."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from sqlalchemy import text

    from config.settings import get_settings
    from database.engine import service_engine
    from database.session import Database

    database = Database(service_engine(get_settings().database))
    # The beginning of the id that workers.context.Heartbeat makes.
    mine = f"{kind}:{socket.gethostname()[:32]}:"
    with database.service() as session:
        found = session.scalar(text(_SEEN), {"mine": mine, "silent": SILENT_SECONDS})
    return found is not None


def main(kind: str) -> int:
    """Return 0 when well, 1 when not."""
    address = _ADDRESSES.get(kind)
    well = answers(address) if address else was_seen(kind)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
