"""The errors of the rules: one base, with a stable code. HTTP knows how to show them."""

from __future__ import annotations

from collections.abc import Sequence


class CareloopError(Exception):
    """A rule that was not met. Neither `detail` nor anything else echoes what was sent in."""

    status = 400
    code = "bad_request"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        fields: Sequence[str] = (),
        row_id: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.field = field
        self.fields = list(fields)
        self.row_id = row_id


class NotFound(CareloopError):
    """There is no such row in this establishment."""

    status = 404
    code = "not_found"

    def __init__(self, noun: str) -> None:
        super().__init__(f"There is no such {noun} here.")


class Invalid(CareloopError):
    """A field's value breaks a rule."""

    status = 422
    code = "invalid"


class Conflict(CareloopError):
    """The same identity came with another body, or a row has changed meanwhile."""

    status = 409
    code = "conflict"


class Outdated(CareloopError):
    """What was shown, and named as the condition, is no longer what there is."""

    status = 412
    code = "outdated"


class Unauthenticated(CareloopError):
    """No token, or none that is valid now."""

    status = 401
    code = "unauthenticated"


class Forbidden(CareloopError):
    """The token is valid; its role does not allow this."""

    status = 403
    code = "forbidden"


class TooMany(CareloopError):
    """A rate limit is used up. `retry_after` is in seconds."""

    status = 429
    code = "too_many_requests"

    def __init__(self, retry_after: float) -> None:
        super().__init__("Too many requests in a short time: wait a moment, then try again.")
        self.retry_after = retry_after
