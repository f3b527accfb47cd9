"""What several commands print with: a progress bar, and an error in one line."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def progress_bar(noun: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error; called with how many are done and how many there are."""
    columns = (TextColumn(noun), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task(noun, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextlib.contextmanager
def rules_said_plainly() -> Iterator[None]:
    """Let a rule that was not met end the command with its sentence, and exit code 1."""
    from pydantic import ValidationError

    from services.errors import CareloopError

    try:
        yield
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise SystemExit(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except CareloopError as error:
        where = f"{error.field}: " if error.field else ""
        raise SystemExit(f"{where}{error.detail}") from error
