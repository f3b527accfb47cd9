"""Sealing for a public key: opens for that key, as that thing, unaltered; and not otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.envelope import (
    OVERHEAD,
    CannotOpen,
    new_private_key,
    public_key_of,
    seal,
    unseal,
)

PRIVATE = new_private_key()
PUBLIC = public_key_of(PRIVATE)
SEALED = seal(b"what a patient said", PUBLIC, "item:1")


@given(st.binary(max_size=2000), st.text(max_size=40))
def test_what_was_sealed_opens(plain: bytes, context: str) -> None:
    sealed = seal(plain, PUBLIC, context)
    assert unseal(sealed, PRIVATE, context) == plain
    assert len(sealed) == len(plain) + OVERHEAD


def test_two_seals_of_the_same_have_nothing_in_common() -> None:
    again = seal(b"what a patient said", PUBLIC, "item:1")
    assert again[1:66] != SEALED[1:66]
    assert again[66:] != SEALED[66:]


@pytest.mark.parametrize(
    ("key", "context"), [(new_private_key(), "item:1"), (PRIVATE, "item:2"), (PRIVATE, "voice:1")]
)
def test_another_key_or_use_does_not_open_it(key: bytes, context: str) -> None:
    with pytest.raises(CannotOpen):
        unseal(SEALED, key, context)


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_an_altered_byte_anywhere_is_seen(place: int, change: int) -> None:
    altered = bytearray(SEALED)
    altered[place] ^= change
    with pytest.raises(CannotOpen):
        unseal(bytes(altered), PRIVATE, "item:1")


@given(st.integers(0, len(SEALED) - 1))
def test_one_that_was_cut_short_does_not_open(length: int) -> None:
    with pytest.raises(CannotOpen):
        unseal(SEALED[:length], PRIVATE, "item:1")
