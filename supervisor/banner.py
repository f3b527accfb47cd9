"""What a newcomer reads when everything runs: where to look, how to log in, what to try."""

import io
import json
import re
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

from supervisor.keys import Login

WIDTH = 78
# A number that the Cameroonian plan allows; nobody's: it goes to the simulator only.
PHONE = "+237650000000"
JSON = "-H 'Content-Type: application/json'"
MESSAGE = "Rappel : rendez-vous demain 10h00"


@dataclass(frozen=True)
class Banner:
    """The text. `simulated` is False when messages go to a real provider."""

    url: str
    login: Login = field(repr=False)
    data: Path
    simulated: bool = True

    def render(self, *, colour: bool) -> bytes:
        """The whole banner. Commands stand on lines of their own, unwrapped, to be copied."""
        page = io.StringIO()
        console = Console(
            file=page, width=WIDTH, force_terminal=colour, no_color=not colour, highlight=False
        )
        console.print()
        console.print(Rule("[bold]Careloop is running[/bold]", style="green", align="left"))
        console.print(self._addresses())
        for number, (title, command) in enumerate(self._steps(), start=1):
            console.print(f"\n [bold green]{number}[/]  [bold]{title}[/]")
            # As it is: a wrapped or indented line would be broken when it is pasted.
            page.write(f"{command}\n")
        console.print("\n [dim]Ctrl-C stops everything. The data stay for the next `make run`.[/]")
        console.print(Rule(style="green"))
        lines = [line.rstrip() for line in page.getvalue().splitlines()]
        return ("\n".join(lines) + "\n\n").encode()

    def feedback_line(self) -> str:
        """Submit a feedback, anonymously."""
        body: dict[str, object] = {"language": "french", "content": "Bon service", "rating": 4}
        return f"curl -sS {self.url}/api/v1/feedback {JSON} -d {shlex.quote(compact(body))}; echo"

    def reminder_line(self) -> str:
        """Log in, and schedule a reminder for ten seconds from now. sh, curl and Python only."""
        python = "python3" if shutil.which("python3") else shlex.quote(sys.executable)
        reading = f"""{python} -c 'import json,sys;print(json.load(sys.stdin)["access_token"])'"""
        ten_seconds_on = 'import time;print(time.strftime("%FT%TZ",time.gmtime(time.time()+10)))'
        clock = f"{python} -c '{ten_seconds_on}'"
        body: dict[str, object] = {
            "patient_id": "PAT123",
            "language": "french",
            "message": MESSAGE,
            "phone_number": PHONE,
            "scheduled_time": "@",
        }
        before, after = (shlex.quote(part) for part in compact(body).split("@"))
        return (
            f"TOKEN=$(curl -sS {self.url}/api/v1/auth/token {self._form()} | {reading}); "
            f'curl -sS {self.url}/api/v1/reminders -H "Authorization: Bearer $TOKEN" '
            f'{JSON} -d {before}"$({clock})"{after}; echo'
        )

    def watch_line(self) -> str:
        """Everything that the simulator accepted."""
        return f"curl -sS {self.url}/simulator/ledger; echo"

    def _steps(self) -> list[tuple[str, str]]:
        where = f"open {self.url}/simulator/ or run" if self.simulated else "on the phone, or run"
        return [
            ("Submit a feedback", self.feedback_line()),
            ("Schedule a reminder for ten seconds from now", self.reminder_line()),
            (f"Watch it arrive: {where}", self.watch_line()),
        ]

    def _addresses(self) -> Table:
        table = Table.grid(padding=(0, 3))
        table.add_column(style="dim", min_width=8)
        table.add_column(overflow="fold")
        rows = [
            ("API", self.url),
            ("Manual", f"{self.url}/docs"),
            ("Patients", f"{self.url}/app/"),
            ("Console", f"{self.url}/console/"),
            ("Phone", f"{self.url}/simulator/"),
            ("Metrics", f"{self.url}/metrics"),
            ("Data", f"{escape(str(self.data))} (with admin.env, secrets.env)"),
            ("Login", f"[bold]{escape(self.login.email)}[/]"),
            ("Password", f"[bold]{self._shown_password()}[/]"),
        ]
        for name, value in rows:
            table.add_row(f" {name}", value)
        return table

    def _shown_password(self) -> str:
        """The password itself: on this machine, for data that are for trying out."""
        return escape(self.login.password or "the one you set with CARELOOP_ADMIN_PASSWORD")

    def _form(self) -> str:
        user = shlex.quote(f"username={self.login.email}")
        if self.login.password is None:
            return f'--data-urlencode {user} --data-urlencode "password=$CARELOOP_ADMIN_PASSWORD"'
        password = shlex.quote(f"password={self.login.password}")
        # What needs no escaping goes in the shorter form.
        plain = re.fullmatch(r"[\w.@=-]+", user + password, re.ASCII) is not None
        option = "-d" if plain else "--data-urlencode"
        return f"{option} {user} {option} {password}"


def compact(body: dict[str, object]) -> str:
    """JSON without spaces: a line to copy is long enough."""
    return json.dumps(body, separators=(",", ":"))
