"""How long to wait before another try."""

import random

_MOST_DOUBLINGS = 64  # beyond any cap; a float would overflow at a thousand


def delay(attempt: int, base: float, cap: float, rng: random.Random) -> float:
    """Seconds to wait before retry number `attempt` (the first is 1): exponential, full jitter.

    Anything from 0 to `base` for the first, twice that for each further one, never over `cap`.
    The whole range is drawn from, so that what failed together does not come back together
    (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    """
    if attempt < 1 or base <= 0 or cap <= 0:
        raise ValueError("attempt counts from 1, base and cap are more than 0 seconds")
    doublings = min(attempt - 1, _MOST_DOUBLINGS)
    return rng.uniform(0, min(cap, base * 2.0**doublings))
