"""What a line of a list says for its recipient's message: all that is asked for, fit to be sent.

What stands in a cell is put into the text as it is: a time or a name of a doctor is written by
staff, in a language that nobody here can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from schemas.campaign import LONGEST_VALUE
from schemas.contact import RefusedLine
from services.contact.csv_file import VALUE
from utils.text import TextRefused, clean_text

_REASONS = {
    "value_missing": "Nothing stands here, and the text needs it.",
    "value_too_long": f"More than {LONGEST_VALUE} characters.",
    "value_unknown": "The campaign has no value of this name.",
    "value_invalid": "This holds characters that are not text.",
}


def checked_values(
    line: int, given: Mapping[str, str], names: Collection[str]
) -> Mapping[str, str] | RefusedLine:
    """The values of a line by these names, or why it is refused (field: `value.` and a name)."""
    if not names and not given:
        return given
    if not set(given) <= set(names):
        return _refused(line, "values", "value_unknown")
    values: dict[str, str] = {}
    for name in sorted(names):
        try:
            value = clean_text(given.get(name, "").strip(), LONGEST_VALUE)
        except TextRefused as error:
            code = "value_too_long" if error.code == "text_too_long" else "value_invalid"
            return _refused(line, VALUE + name, code)
        if not value:
            return _refused(line, VALUE + name, "value_missing")
        values[name] = " ".join(value.split())  # a line break in a cell is none of the message's
    return values


def _refused(line: int, field: str, code: str) -> RefusedLine:
    return RefusedLine(line=line, field=field, code=code, reason=_REASONS[code])
