"""On the PYTHONPATH of one process: its clock is wrong by `CLOCK_WRONG_BY` seconds.

The monotonic clocks stay as they are: those of a machine whose time was set wrongly do, too.
"""

import datetime
import os
import time

_WRONG_BY = float(os.environ.get("CLOCK_WRONG_BY", "0"))
_time, _time_ns, _real = time.time, time.time_ns, datetime.datetime


class _Meta(type(_real)):
    """What the real class made is one of ours, too: drivers written in C make those."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, _real)

    def __subclasscheck__(cls, other):
        return issubclass(other, _real)


class _Datetime(_real, metaclass=_Meta):
    """`datetime`, but what it takes for the present is wrong."""

    @classmethod
    def now(cls, tz=None):
        return _real.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return _real.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls):
        return cls.now()


if _WRONG_BY:
    time.time = lambda: _time() + _WRONG_BY
    time.time_ns = lambda: _time_ns() + int(_WRONG_BY * 1_000_000_000)
    datetime.datetime = _Datetime
