import contextlib
import gzip
import os
import struct
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from utils.body import BodyCorrupt, BodyTooLarge, UnsupportedEncoding, expand


def bare_deflate(data):
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


def streamed_zstd(data):
    """As a sender does who does not know the length: no content size, with a checksum."""
    engine = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return engine.compress(data) + engine.flush()


COMPRESS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate (bare)": bare_deflate,
    "br": lambda data: brotli.compress(data, quality=5),
    "zstd": zstandard.compress,
    "zstd (streamed)": streamed_zstd,
}
every_encoding = pytest.mark.parametrize("kind", COMPRESS)
SAMPLES = [b"", b"x", b'{"rating": 4}' * 50, os.urandom(70_000), b"\0" * 400_000]


def name(kind):
    return kind.split(" ")[0]


def cut(data, size):
    return [data[i : i + size] for i in range(0, len(data), size)]


@every_encoding
@pytest.mark.parametrize("data", SAMPLES, ids=len)
def test_what_was_compressed_comes_back_however_it_arrives(kind, data):
    body = COMPRESS[kind](data)
    assert expand(name(kind), [body], len(data)) == data
    assert expand(name(kind).upper() + " ", [b"", *cut(body, 1_000), b""], len(data) + 9) == data
    if len(body) < 2_000:
        assert expand(name(kind), cut(body, 1), len(data)) == data


@given(data=st.binary(max_size=3_000), size=st.integers(1, 500), kind=st.sampled_from([*COMPRESS]))
def test_any_bytes_in_any_chunks(data, size, kind):
    assert expand(name(kind), cut(COMPRESS[kind](data), size), len(data)) == data


@every_encoding
@pytest.mark.parametrize("data", [data for data in SAMPLES if data], ids=len)
def test_one_byte_over_the_limit_is_too_large(kind, data):
    with pytest.raises(BodyTooLarge):
        expand(name(kind), [COMPRESS[kind](data)], len(data) - 1)


@every_encoding
@pytest.mark.parametrize("data", [b"", b"x" * 1_000, os.urandom(1_000)], ids=["0", "x", "random"])
def test_every_cut_is_corrupt(kind, data):
    body = COMPRESS[kind](data)
    for end in {*range(min(60, len(body))), *range(max(0, len(body) - 60), len(body))}:
        with pytest.raises(BodyCorrupt):
            expand(name(kind), [body[:end]], 5_000)


@every_encoding
@pytest.mark.parametrize("garbage", [b"\0", b"x", b"garbage" * 10, b"\x1f", b"\x28\xb5\x2f"])
def test_what_follows_the_end_is_corrupt(kind, garbage):
    body = COMPRESS[kind](b"Bon service")
    for chunks in ([body + garbage], [body, garbage], cut(body + garbage, 1)):
        with pytest.raises(BodyCorrupt):
            expand(name(kind), chunks, 5_000)


@given(data=st.binary(min_size=1, max_size=300), kind=st.sampled_from([*COMPRESS]))
def test_garbage_never_raises_anything_but_our_own_words(data, kind):
    with contextlib.suppress(BodyCorrupt, BodyTooLarge):
        expand(name(kind), [data], 10_000)


@given(
    kind=st.sampled_from(["gzip", "zstd (streamed)"]),
    at=st.integers(0, 10**6),
    bit=st.integers(0, 7),
)
def test_a_flipped_bit_never_passes_as_other_content(kind, at, bit):
    data = b"Le service est bon. " * 20
    body = bytearray(COMPRESS[kind](data))
    body[at % len(body)] ^= 1 << bit
    with contextlib.suppress(BodyCorrupt, BodyTooLarge):
        assert expand(name(kind), [bytes(body)], 10_000) == data  # a bit of a gzip header


@pytest.mark.parametrize(
    "encoding", ["compress", "gzip, gzip", "gzip,br", "lzma", "*", "gzip;q=1", "dcz"]
)
def test_other_encodings_are_named_unsupported(encoding):
    with pytest.raises(UnsupportedEncoding):
        expand(encoding, [b"x"], 10)


def test_identity_is_bounded_as_well():
    for encoding in ("", "identity"):
        assert expand(encoding, [b"ab", b"c"], 3) == b"abc"
        with pytest.raises(BodyTooLarge):
            expand(encoding, [b"ab", b"c"], 2)


def test_several_members_and_frames_are_one_body():
    parts = [b"Bon ", b"", b"service"]
    for kind in ("gzip", "zstd", "zstd (streamed)"):
        body = b"".join(map(COMPRESS[kind], parts))
        assert expand(name(kind), [body], 11) == b"Bon service"
        assert expand(name(kind), cut(body, 1), 11) == b"Bon service"
        with pytest.raises(BodyTooLarge):
            expand(name(kind), [body], 10)


def test_skippable_frames_are_skipped():
    skippable = struct.pack("<II", 0x184D2A53, 40_000) + b"s" * 40_000
    body = skippable + zstandard.compress(b"x") + skippable
    assert expand("zstd", cut(body, 999), 90_000) == b"x"
    with pytest.raises(BodyCorrupt):
        expand("zstd", [body[:-1]], 90_000)


def test_a_million_empty_members_are_refused():
    for kind in ("gzip", "zstd"):
        with pytest.raises(BodyCorrupt):
            expand(name(kind), [COMPRESS[kind](b"") * 2_000], 1_000_000)


def test_a_window_larger_than_the_standard_allows_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    engine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = engine.compress(os.urandom(20_000)) + engine.flush()
    with pytest.raises(BodyCorrupt):
        expand("zstd", [body], 100_000)


def rle_bomb(blocks):
    """Four bytes a block of 128 KB: the densest that Zstandard can be."""
    block = (128 * 1024 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (1 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return struct.pack("<IBB", 0xFD2FB528, 0, 0x68) + block * blocks + last


ZEROS = b"\0" * 10_000_000
BOMBS = {
    **{kind: compress(ZEROS) for kind, compress in COMPRESS.items()},
    "zstd (rle)": rle_bomb(10_000),
    "gzip (members)": gzip.compress(ZEROS[:100_000]) * 500,
}


def peak_of(action):
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        action()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("limit", [1_000, 1_000_000, 1_100_000])
def test_a_bomb_costs_the_limit_and_a_little(kind, limit):
    def explode():
        with pytest.raises(BodyTooLarge):
            expand(name(kind), [BOMBS[kind]], limit)

    assert peak_of(explode) < limit + 500_000


@every_encoding
def test_a_body_that_passes_costs_the_limit_and_a_little(kind):
    limit = len(ZEROS)
    body = COMPRESS[kind](ZEROS)
    assert peak_of(lambda: expand(name(kind), [body], limit)) < limit + 500_000


def test_an_oversized_block_is_refused_before_it_is_gathered():
    limit = 10_000_000
    block = (2_000_000 << 3).to_bytes(3, "little") + os.urandom(2_000_000)
    body = rle_bomb(70).removesuffix(b"\x0b\0\0\0") + block  # 9 MB, then the block

    def explode():
        with pytest.raises(BodyCorrupt):
            expand("zstd", [body], limit)

    assert peak_of(explode) < limit + 500_000


@pytest.mark.parametrize("size", [*range(65_530, 65_545), *range(131_066, 131_080)])
def test_output_that_just_fills_a_step(size):
    data = b"\0" * size  # bare deflate then has all its input, and bytes still to give
    for kind, compress in COMPRESS.items():
        assert expand(name(kind), [compress(data)], size) == data


@every_encoding
def test_a_bomb_in_a_bomb_stays_packed(kind):
    inner = COMPRESS[kind](ZEROS)
    assert expand(name(kind), [COMPRESS[kind](inner)], 20_000) == inner


def test_compressed_input_is_bounded_and_not_read_on():
    given_out = []

    def endless():
        while True:
            given_out.append(1)
            yield zlib.compress(b"", 0)[:2] if len(given_out) == 1 else b"\0\0\0\xff\xff" * 200

    with pytest.raises(BodyTooLarge):  # empty stored blocks: input without any output
        expand("deflate", endless(), 10_000)
    assert len(given_out) < 100
