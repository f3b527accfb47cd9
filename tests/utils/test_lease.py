"""What is no longer ours does not leave: asked in the last moment, on a clock that nobody sets."""

from __future__ import annotations

import socket
import threading

import pytest

from utils.lease import LeaseOver, awake, held_until, insist
from utils.provider_http import ProviderHttp


def test_nothing_is_insisted_on_outside_of_a_lease_or_within_its_time() -> None:
    insist()
    with held_until(awake() + 60):
        insist()
        with held_until(awake() - 1), pytest.raises(LeaseOver):
            insist()
        insist()


def test_nothing_leaves_of_a_request_whose_lease_ran_out() -> None:
    """The provider gets a connection that ends: a head goes together with its body."""
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(65536):
                    received.extend(data)

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        http = ProviderHttp(5, 1)
        with held_until(awake() - 1), pytest.raises(LeaseOver):
            http.request("POST", f"http://127.0.0.1:{server.getsockname()[1]}/", b"To=nobody", {})
        listener.join(5)
    assert not listener.is_alive()
    assert received == b""
