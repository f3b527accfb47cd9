"""A tablet that comes back from the ward: what it kept, how it packs it, its one connection."""

from __future__ import annotations

import gzip
import json
import random
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import brotli
import httpx2
import zstandard

from bench.service import Service

TIMEOUT = 60.0
PACKING: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
    "br": lambda body: brotli.compress(body, quality=9),
    "zstd": lambda body: zstandard.ZstdCompressor(level=19).compress(body),
}
_WHAT = (
    "l'accueil", "le médecin", "l'infirmière de nuit", "la pharmacie", "le laboratoire", "la salle",
    "la caisse", "le service de maternité", "le repas", "la propreté", "l'attente", "l'ambulance",
)  # fmt: skip
_HOW = (
    "était très bien", "a pris trop de temps", "m'a rassurée", "doit être plus propre",
    "était fermé à midi", "nous a bien expliqué", "était en panne", "a été gentil avec mon fils",
)  # fmt: skip
_JOIN = ("mais", "et", "pourtant", "alors que", "par contre")
_AND = ("Merci.", "Je reviendrai.", "Il faut plus de personnel.", "Merci à toute l'équipe !", "")


def feedback(dice: random.Random) -> dict[str, Any]:
    """One feedback of a ward: a reference, a rating and a sentence; about 270 bytes of JSON."""
    recorded = datetime.now(UTC) - timedelta(seconds=dice.randrange(14 * 86_400))
    first, second = (f"{dice.choice(_WHAT)} {dice.choice(_HOW)}" for _ in range(2))
    words = f"{first}, {dice.choice(_JOIN)} {second}. {dice.choice(_AND)}".strip()
    return {
        "type": "feedback",
        "client_id": str(identity(dice, recorded)),
        "recorded_at": recorded.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "patient_id": f"PAT{dice.randrange(100_000):05}",
        "language": dice.choice(("french", "french", "english")),
        "rating": dice.randint(1, 5),
        "content": words[0].upper() + words[1:],
    }


def identity(dice: random.Random, moment: datetime) -> UUID:
    """A UUIDv7 of that moment, as the app makes it when somebody presses "send"."""
    milliseconds = int(moment.timestamp()) * 1000 + dice.randrange(1000)
    return UUID(
        int=milliseconds << 80 | 0x7 << 76 | dice.getrandbits(76) & ~(0x3 << 62) | 0x2 << 62
    )


def batch(dice: random.Random, count: int) -> bytes:
    """A sync of so many items, as JSON without needless spaces."""
    items = [feedback(dice) for _ in range(count)]
    sent_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    whole = {"sent_at": sent_at, "items": items}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def enrolled(service: Service) -> str:
    """The token of a device that was just enrolled."""
    devices = f"http://127.0.0.1:{service.port}/api/v1/devices"
    headers = {"Authorization": f"Bearer {service.token}"}
    made = httpx2.post(devices, json={"name": "Tablet"}, headers=headers).json()
    token: str = httpx2.post(f"{devices}/enrol", json={"code": made["code"]}).json()["token"]
    return token


@dataclass(frozen=True)
class Answer:
    """What came back, and how many bytes it was on the wire, headers included."""

    status: int
    body: bytes
    wire: int


class Connection:
    """One kept-alive connection that counts what it costs."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def send(self, request: bytes) -> Answer:
        """Send a whole request; its answer."""
        self._socket.sendall(request)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                raise ConnectionError("the service closed the connection")
            head += line
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            body, framing = self._chunks()
        else:
            start = lowered.index(b"content-length: ") + 16
            body = self._file.read(int(lowered[start : lowered.index(b"\r\n", start)]))
            framing = 0
        return Answer(int(head[9:12]), body, len(head) + len(body) + framing)

    def _chunks(self) -> tuple[bytes, int]:
        body, framing = b"", 0
        while True:
            line = self._file.readline()
            size = int(line, 16)
            chunk = self._file.read(size)
            framing += len(line) + len(self._file.readline())
            body += chunk
            if not size:
                return body, framing

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def request(path: str, token: str, content: bytes, **headers: str) -> bytes:
    """A POST with the headers that the app cannot do without."""
    said = {
        "Host": "careloop.example",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value)
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + content
