import io
import os
import random
import socket
import subprocess
import sys
import threading
import time
import wave

import imageio_ffmpeg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils import audio
from utils.audio import AudioFacts, ProbeUnavailable, probe, sniff
from utils.audio_container import ends_early

TONE = "sine=frequency=440:duration=2"
FORMATS = {  # how ffmpeg makes it: suffix, options; what we expect: codec, rate, channels
    "amr-nb": ("amr", "-ar 8000 -ac 1 -c:a libopencore_amrnb", "amr_nb", 8_000, 1),
    "3gp": ("3gp", "-ar 8000 -ac 1 -c:a libopencore_amrnb", "amr_nb", 8_000, 1),
    "m4a": ("m4a", "-ar 44100 -ac 2 -c:a aac", "aac", 44_100, 2),
    "ogg-opus": ("ogg", "-c:a libopus", "opus", 48_000, 1),
    "webm": ("webm", "-c:a libopus", "opus", 48_000, 1),
    "wav": ("wav", "-ar 16000 -c:a pcm_s16le", "pcm_s16le", 16_000, 1),
    "mp3": ("mp3", "-ar 22050 -c:a libmp3lame", "mp3", 22_050, 1),
}
every_format = pytest.mark.parametrize("container", FORMATS)


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audio")
    made = {}

    def make(container, source=TONE, more=""):
        suffix, options, *_ = FORMATS[container]
        path = folder / f"{len(made)}.{suffix}"
        if (container, source, more) not in made:
            command = f"-nostdin -loglevel error -f lavfi -i {source} {options} {more} -y"
            ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
            subprocess.run([ffmpeg, *command.split(), str(path)], check=True, timeout=30)
            made[container, source, more] = path.read_bytes()
        return made[container, source, more]

    return make


def amr_wb(frames):
    """By hand, for the encoder is not everywhere: frames of 6.60 kbit/s with noise in them."""
    noise = random.Random(7)
    return b"#!AMR-WB\n" + b"".join(b"\x04" + noise.randbytes(17) for _ in range(frames))


# --- Good recordings ---


@every_format
def test_every_format_is_known_for_what_it_is(make, container):
    data = make(container)
    _, _, codec, rate, channels = FORMATS[container]
    assert sniff(data) == container
    facts = probe(data, max_seconds=60, timeout=10)
    assert facts == AudioFacts(container, codec, facts.seconds, rate, channels, ())
    assert facts.seconds == pytest.approx(2, abs=0.1)


def test_wide_band_amr():
    facts = probe(amr_wb(100), 60, 10)
    assert facts == AudioFacts("amr-wb", "amr_wb", 2.0, 16_000, 1, ())


def test_what_a_browser_streams_has_no_length_and_is_still_whole(make):
    data = make("webm", more="-live 1")
    assert probe(data, 60, 10).problems == ()
    assert probe(data, 60, 10).seconds == pytest.approx(2, abs=0.1)


def test_an_index_at_the_front_or_the_back(make):
    for more in ("", "-movflags +faststart"):
        assert probe(make("m4a", more=more), 60, 10).problems == ()


# --- Bad ones ---


@every_format
@pytest.mark.parametrize("share", [0.5, 0.8, 0.9])
def test_a_cut_recording_is_truncated(make, container, share):
    data = make(container)
    facts = probe(data[: int(len(data) * share)], 60, 10)
    assert "truncated" in facts.problems
    assert "damaged" not in facts.problems
    assert facts.seconds < 2 * share + 0.1
    assert facts.container == container


def test_cuts_where_the_end_is_not_announced(make):
    streamed = make("webm", more="-live 1")
    assert "truncated" in probe(streamed[:-20], 60, 10).problems
    fast = make("m4a", more="-movflags +faststart")
    facts = probe(fast[: len(fast) // 2], 60, 10)
    assert "truncated" in facts.problems
    assert 0.2 < facts.seconds < 1.5
    assert "truncated" in probe(amr_wb(100)[:-3], 60, 10).problems


@pytest.mark.parametrize("container", ["amr-nb", "3gp", "m4a", "ogg-opus", "webm", "mp3"])
def test_a_garbled_recording_is_flagged(make, container):
    data = bytearray(make(container))
    middle = len(data) // 2
    data[middle : middle + 300] = random.Random(1).randbytes(300)
    assert {"damaged", "truncated"} & set(probe(bytes(data), 60, 10).problems)


@every_format
def test_too_long_is_found_without_decoding_the_rest(make, container):
    facts = probe(make(container, "sine=duration=30"), max_seconds=3, timeout=10)
    assert facts.problems == ("too_long",)
    assert 3 < facts.seconds < 4.2


@every_format
def test_silence_is_silent_and_quiet_speech_is_not(make, container):
    silence = make(container, "anullsrc=duration=2:channel_layout=mono")
    assert probe(silence, 60, 10).problems == ("silent",)
    quiet = make(container, f"{TONE},volume=0.05")
    assert probe(quiet, 60, 10).problems == ()


def test_empty_ones(make):
    assert probe(b"", 60, 10) == AudioFacts(problems=("empty",))
    assert probe(b"#!AMR\n", 60, 10).problems == ("empty",)
    nothing = io.BytesIO()
    with wave.open(nothing, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
    assert probe(nothing.getvalue(), 60, 10).problems == ("empty",)


@pytest.mark.parametrize(
    "data",
    [
        b"Bon service",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        b"%PDF-1.7",
        b"PK\x03\x04" + b"\0" * 100,
        b"\0\0\0\x18ftypheic" + b"\0" * 100,
        b"\xff\xf1\x50\x80" + b"\0" * 100,  # bare AAC is none of ours
        b"OggS" + b"\0" * 24 + b"\x01vorbis",
        b"RIFF\0\0\0\0AVI ",
        b"\0" * 5_000,
        b"#!AMR",
        b"\xff",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_audio(data):
    assert sniff(data) is None
    assert probe(data, 60, 10).problems == ("not_audio",)


def test_a_film_without_sound_is_no_audio(tmp_path):
    path = tmp_path / "film.mp4"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = "-nostdin -loglevel error -f lavfi -i color=size=16x16:duration=1 -c:v mpeg4"
    subprocess.run([ffmpeg, *command.split(), str(path)], check=True, timeout=30)
    assert probe(path.read_bytes(), 60, 10).problems == ("not_audio",)


BEGINNINGS = [b"", b"OggS", b"\x1aE\xdf\xa3", b"RIFF\0\0\0\0WAVE", b"\0\0\0\1"]


@given(st.sampled_from([*FORMATS, "amr-wb"]), st.sampled_from(BEGINNINGS), st.binary(max_size=200))
def test_looking_at_lengths_bears_any_bytes(container, beginning, rest):
    assert ends_early(container, beginning + rest) in {True, False}
    sniff(beginning + rest)


@every_format
@pytest.mark.parametrize("seed", range(10))
def test_any_damage_gives_facts(make, container, seed):
    chaos = random.Random(seed)
    data = bytearray(make(container)[:4_000])
    for _ in range(chaos.randrange(1, 40)):
        data[chaos.randrange(len(data))] = chaos.randrange(256)
    facts = probe(bytes(data), 60, 10)
    assert "probe_timeout" not in facts.problems


def test_sound_with_a_film_is_sound(tmp_path):
    """A phone that filmed the ceiling: the picture is not looked at, nor is it damage."""
    path = tmp_path / "film.3gp"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    picture = "-f lavfi -i color=size=176x144:duration=2 -c:v mpeg4"
    command = f"-nostdin -loglevel error -f lavfi -i {TONE} {picture} -c:a aac -ac 1"
    subprocess.run([ffmpeg, *command.split(), str(path)], check=True, timeout=30)
    facts = probe(path.read_bytes(), 60, 10)
    assert (facts.container, facts.codec, facts.problems) == ("3gp", "aac", ())


def test_a_cut_between_two_pages_shows_by_the_missing_last_one(make):
    data = make("ogg-opus")
    assert probe(data[: data.rindex(b"OggS")], 60, 10).problems[-1] == "truncated"


# --- Hostile ones ---


def playlist(url):
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n".encode()


@pytest.fixture
def listener():
    """A server that notes whether anybody came."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    visits = []

    def wait():
        while not visits:
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            visits.append(1)
            connection.close()

    threading.Thread(target=wait, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/a.mp3", visits
    server.close()


def test_a_playlist_is_not_even_tried(make, tmp_path, listener):
    url, visits = listener
    secret = tmp_path / "secret.mp3"
    secret.write_bytes(make("mp3"))
    for target in (url, f"file://{secret}", str(secret)):
        assert probe(playlist(target), 60, 5).problems == ("not_audio",)
        disguised = make("mp3")[:200] + playlist(target)
        assert probe(disguised, 60, 5).seconds < 1
    assert not visits


def test_even_a_demuxer_for_playlists_could_open_nothing(make, tmp_path, listener, monkeypatch):
    """The second lock, tried with the first one open: the protocols."""
    url, visits = listener
    secret = tmp_path / "secret.mp3"
    secret.write_bytes(make("mp3"))
    monkeypatch.setitem(audio.DEMUXERS, "playlist", "hls")
    for target in (url, f"file://{secret}", f"concat:{secret}", f"data:audio/mp3,{secret}"):
        report = audio._decode(playlist(target), "playlist", 60, 5)
        assert report is not None
        assert "Audio: mp3" not in report
    assert not visits


def test_a_hanging_decoder_is_ended_in_time(make, tmp_path, monkeypatch):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(slow))
    start = time.monotonic()
    assert probe(make("wav"), 60, 0.3).problems == ("probe_timeout",)
    assert time.monotonic() - start < 5


def test_a_decoder_that_never_stops_talking_is_bounded(make, tmp_path, monkeypatch):
    loud = tmp_path / "loud"
    loud.write_text("#!/bin/sh\necho first\n/usr/bin/head -c 20000000 /dev/zero\necho last\n")
    loud.chmod(0o700)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(loud))
    monkeypatch.setattr(audio, "limit_process", lambda pid, timeout: None)
    report = audio._decode(make("wav"), "wav", 60, 10)
    assert report is not None
    assert len(report) == 2 * audio._KEPT_BYTES
    assert report.startswith("first\n")
    assert report.endswith("last\n")


def test_a_machine_without_ffmpeg_says_so(make, monkeypatch):
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "/nowhere/ffmpeg")
    with pytest.raises(ProbeUnavailable):
        probe(make("wav"), 60, 5)


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own means")


@linux_only
def test_the_recording_touches_no_disk():
    with audio.unnamed_file(b"in the clear") as file:
        assert os.readlink(f"/proc/self/fd/{file.fileno()}").startswith("/memfd:")


def test_our_environment_does_not_reach_the_decoder(make, tmp_path, monkeypatch):
    report = tmp_path / "report.log"
    monkeypatch.setenv("FFREPORT", f"file={report}")
    probe(make("wav"), 60, 10)
    assert not report.exists()


@linux_only
def test_the_decoder_has_bounds_of_the_kernels(make, tmp_path, monkeypatch):
    meter = tmp_path / "meter"
    meter.write_text("#!/bin/sh\n/bin/sleep 0.3\nulimit -c; ulimit -f; ulimit -t; ulimit -v\n")
    meter.chmod(0o700)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(meter))
    report = audio._decode(make("wav"), "wav", 60, 10)
    assert report is not None
    assert report.split() == ["0", "0", "11", str(1024 * 1024)]
