"""The people at the API's other side: they post, change and cancel, and patients say stop.

They are stubborn, as an app with an outbox is: without an answer they try again, with the same
identity. What they were told is noted in each case.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import psycopg2

from tests import http
from tests.chaos.cast import PATIENCE
from tests.chaos.script import DAILY_CAP, NORTH, SOUTH, WEST, Case, Version
from tests.chaos.stage import Stage
from tests.template import PASSWORD

_STAFF = {NORTH: "staff@north", SOUTH: "staff@south"}
_AGAIN = 0.2


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Hospital:
    """All establishments of a run, seen from outside."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._pool = ThreadPoolExecutor(4, "staff")
        self._tokens: dict[int, dict[str, str]] = {}
        self._client = httpx2.Client(timeout=30)
        self._database: Any = None

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._client.close()
        if self._database is not None:
            self._database.dispose()

    # ── the houses ──

    def open(self, quiet: dict[int, tuple[float, float]]) -> None:
        """Open three houses; `quiet` says from when to when it is quiet there (whole minutes)."""
        from sqlalchemy import update
        from sqlalchemy.orm import Session

        from config.settings import DatabaseSettings
        from database.engine import owner_engine
        from models.establishment import Establishment
        from services.establishment.founding import create_establishment, set_sender

        engine = owner_engine(DatabaseSettings(DATABASE_URL=self.stage.postgres.url))
        zone = ZoneInfo("Africa/Douala")

        def local(house: int) -> list[clock]:
            return [moment(edge).astimezone(zone).time() for edge in quiet[house]]

        quiet_start, quiet_end = local(WEST)
        west = create_establishment(
            engine,
            Establishment(
                slug="west",
                name="West Clinic",
                languages=["eng", "fra"],
                quiet_start=quiet_start,
                quiet_end=quiet_end,
            ),
        )
        assert west == WEST
        with Session(engine) as session, session.begin():
            south = session.get_one(Establishment, SOUTH)
            south.quiet_start, south.quiet_end = local(SOUTH)
            session.execute(update(Establishment).values(daily_cap=DAILY_CAP))
            set_sender(
                session,
                west,
                "sms",
                self.stage.env["TWILIO_PHONE_NUMBER"],
                "twilio",
                can_receive=False,
            )
        engine.dispose()

    def log_in(self) -> None:
        for establishment, who in _STAFF.items():
            answer = http.post(
                f"{self.stage.url}/api/v1/auth/token",
                data={"username": f"{who}.example", "password": PASSWORD},
                timeout=30,
            )
            token = answer.json()["access_token"]
            self._tokens[establishment] = {"Authorization": f"Bearer {token}"}

    def token(self, establishment: int) -> dict[str, str]:
        """The headers of somebody who works in a house."""
        return self._tokens[establishment]

    # ── staff ──

    def post_all(self, cases: Sequence[Case]) -> list[Future[None]]:
        """Post them, a few at a time, the earliest first."""
        return [self._pool.submit(self.post, case) for case in sorted(cases, key=lambda c: c.at)]

    def post(self, case: Case) -> None:
        """Post until there is an answer."""
        body = {
            "client_id": str(case.client_id),
            "message": case.text,
            "language": "french",
            "channels": list(case.channels),
            "scheduled_time": moment(case.at).isoformat(),
            "valid_for": round(case.valid_for),
        }
        if {"sms", "voice"} & set(case.channels):
            body["phone_number"] = case.phone
        if "email" in case.channels:
            body["email"] = case.email
        answer = self._insist("POST", case, "", body)
        case.answer = answer.status_code
        if case.accepted:
            case.reminder = int(answer.json()["id"])

    def cancel(self, case: Case) -> None:
        """Cancel, and note what was answered."""
        case.cancel_asked = True
        tries, answer = self._tried("POST", case, f"/{case.reminder}/cancel", None)
        if answer.status_code == 200 and answer.json()["status"] == "cancelled":
            case.cancelled_at = time.time()
            # After a lost answer the second says only that it is cancelled already.
            case.cancel_too_late = tries > 1 or bool(answer.json()["already_with_carrier"])

    def change(self, case: Case, at: float) -> None:
        """Another text and another time; noted when the service says so."""
        text = f"{case.text} Bis {len(case.versions)}"
        wanted = {"message": text, "scheduled_time": moment(at).isoformat()}
        tries, answer = self._tried("PATCH", case, f"/{case.reminder}", wanted)
        if tries > 1:
            case.unsure = True
        if answer.status_code == 200:
            case.versions.append(Version(text, at, time.time()))

    def _insist(self, method: str, case: Case, path: str, body: Any) -> httpx2.Response:
        return self._tried(method, case, path, body)[1]

    def _tried(self, method: str, case: Case, path: str, body: Any) -> tuple[int, httpx2.Response]:
        """The number of tries and the answer that is one."""
        deadline, tries = time.monotonic() + PATIENCE, 0
        while time.monotonic() < deadline:
            tries += 1
            try:
                answer = self._client.request(
                    method,
                    f"{self.stage.url}/api/v1/reminders{path}",
                    json=body,
                    headers=self._tokens[case.establishment],
                )
            except httpx2.TransportError:
                time.sleep(_AGAIN)
                continue
            if answer.status_code < 500:
                return tries, answer
            time.sleep(_AGAIN)
        raise AssertionError(f"no answer for {PATIENCE:.0f} s")

    # ── behind the API ──

    def held_back(self) -> int:
        """How often a delivery has waited, or made way, for a sender that was suspended."""
        counts = [
            self.sql(
                f"select count(*) from est_{house}.delivery_events where cause = 'sender suspended'"
            )[0][0]
            for house in (NORTH, SOUTH, WEST)
        ]
        return sum(counts)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Run one statement as the database's owner, again and again while PostgreSQL is away."""

        def run() -> list[Any]:
            connection = psycopg2.connect(self.stage.postgres.url, connect_timeout=5)
            try:
                with connection, connection.cursor() as cursor:
                    cursor.execute(statement, values)
                    return cursor.fetchall() if cursor.description else []
            finally:
                connection.close()

        return self._until_it_answers(run)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Callable[[str], list[Any]]]:
        """One moment of the whole database, for as many questions as one likes."""
        connection = psycopg2.connect(self.stage.postgres.url, connect_timeout=5)
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        try:
            with connection.cursor() as cursor:

                def ask(statement: str) -> list[Any]:
                    cursor.execute(statement)
                    return cursor.fetchall()

                yield ask
        finally:
            connection.close()

    @staticmethod
    def _until_it_answers(run: Callable[[], Any]) -> Any:
        from sqlalchemy.exc import DBAPIError

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return run()
            except (psycopg2.OperationalError, psycopg2.InterfaceError, DBAPIError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(_AGAIN)

    def opt_out(self, case: Case) -> None:
        """A patient says stop to the phone; noted after the commit, by the database's clock."""
        est = f"est_{case.establishment}"
        self.sql(
            f"update {est}.addresses a set opted_out_at = coalesce(a.opted_out_at, now()),"
            f" opt_out_cause = 'said stop' from {est}.reminders r"
            " where r.id = %s and a.id = r.phone_id",
            case.reminder,
        )
        ((committed,),) = self.sql("select extract(epoch from clock_timestamp())::float")
        case.opted_out_at = committed

    def plant(self, cases: Sequence[Case]) -> None:
        """Store reminders as the service does, but without its API's rules about times."""
        for establishment in {case.establishment for case in cases}:
            group = [case for case in cases if case.establishment == establishment]
            self._until_it_answers(lambda group=group: self._plant(group))

    def _plant(self, cases: Sequence[Case]) -> None:
        from models.reminder import Reminder
        from services.contact.address import address_for
        from services.due.opening import open_delivery

        with self._sessions().establishment(cases[0].establishment) as session:
            for case in cases:
                reminder = Reminder(
                    client_id=case.client_id,
                    fingerprint=b"",
                    message=case.text,
                    language="fra",
                    scheduled_time=moment(case.at),
                    phone_id=address_for(session, "phone", case.phone).id,
                    email_id=address_for(session, "email", case.email).id,
                    channels=list(case.channels),
                    validity_seconds=int(case.valid_for),
                    created_by="test",
                    rrule=case.rrule,
                    status="active" if case.rrule else "scheduled",
                )
                session.add(reminder)
                session.flush()
                open_delivery(
                    session,
                    reminder,
                    case.channels[0],
                    occurrence=moment(case.at),
                    due_at=moment(case.at),
                    cause="scheduled",
                )
                case.reminder = reminder.id
        for case in cases:
            case.answer = 201

    def _sessions(self) -> Any:
        from config.settings import DatabaseSettings
        from database.engine import service_engine
        from database.session import Database

        if self._database is None:
            settings = DatabaseSettings(DATABASE_URL=self.stage.postgres.url)
            self._database = Database(service_engine(settings))
        return self._database


def next_minute(after: float) -> float:
    """The first whole minute after a time."""
    whole = moment(after).replace(second=0, microsecond=0)
    return (whole + timedelta(minutes=1)).timestamp()
