"""What waits in a connection's send queue."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tuiview.graphics.wire import DRAINED, Wire

pytestmark = pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="the kernel shows no table of connections"
)


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_reader_that_stops_lets_the_queue_grow(family: int, address: str) -> None:
    with socket.socket(family) as server:
        try:
            server.bind((address, 0))
        except OSError:
            pytest.skip("no such addresses here")
        server.listen()
        with socket.create_connection(server.getsockname()[:2]) as client:
            sshd, peer = server.accept()
            with sshd:
                name = sshd.getsockname()
                connection = f"{peer[0]} {peer[1]} {name[0]} {name[1]}"
                wire = Wire.of_connection(connection)
                assert wire is not None
                assert wire.queued() == 0
                sshd.setblocking(False)
                sent = 0
                try:
                    while True:
                        sent += sshd.send(b"x" * 65536)
                except BlockingIOError:
                    pass
                assert (wire.queued() or 0) > DRAINED
                while sent:
                    sent -= len(client.recv(1 << 20))
                command = [sys.executable, "-c", "print(flush=True); input()"]
                with subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env={"SSH_CONNECTION": connection},
                ) as process:
                    assert process.stdout is not None
                    process.stdout.readline()  # it runs, with its own environment
                    assert Wire.of_process(process.pid) == wire
                    process.communicate(b"\n")
    assert not wire.queued()  # gone, or waiting for stragglers


@pytest.mark.parametrize("connection", ["", "a b c d", "127.0.0.1 1 127.0.0.1 2", "1 2 3"])
def test_no_such_connection(connection: str) -> None:
    assert Wire.of_connection(connection) is None


def test_no_such_process() -> None:
    assert Wire.of_process(2**22 + 1) is None
