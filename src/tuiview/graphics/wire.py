"""The ssh connection under a tmux: how much of what was written still waits to leave this host.

Inside tmux every question is answered by tmux itself, at once, however slow the way to the terminal
is. Where tmux's client sits on an ssh connection of this host, the kernel knows what the other end
has not taken yet.
"""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Self

from msgspec import Struct

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LARGEST_TABLE = 1_000_000
DRAINED = 2_048
"""Bytes below which a connection counts as drained: keys and echoes are always under way."""


class Wire(Struct, frozen=True):
    """A TCP connection of this host.

    Attributes:
        local: This end, as the kernel's tables write addresses.
        remote: The other end.
        table: The table that lists it.
    """

    local: str
    remote: str
    table: Path

    @classmethod
    def of_connection(cls, connection: str) -> Self | None:
        """The wire that `SSH_CONNECTION` names; None when this host does not know it.

        Args:
            connection: Client address and port, server address and port.
        """
        parts = connection.split()
        if len(parts) != 4:
            return None
        for mapped, table in enumerate(_TABLES):
            try:
                remote = _written(parts[0], parts[1], bool(mapped))
                local = _written(parts[2], parts[3], bool(mapped))
            except ValueError:
                continue
            wire = cls(local, remote, table)
            if wire.queued() is not None:
                return wire
        return None

    @classmethod
    def of_process(cls, pid: int) -> Self | None:
        """The wire of the ssh session that a process of ours was started in."""
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return None
        for entry in environ.split(b"\0"):
            name, _, value = entry.partition(b"=")
            if name == b"SSH_CONNECTION":
                return cls.of_connection(value.decode("ascii", "replace"))
        return None

    def queued(self) -> int | None:
        """Bytes that the other end has not acknowledged; None when the connection is gone."""
        try:
            with self.table.open() as lines:
                table = lines.read(_LARGEST_TABLE)
        except OSError:
            return None
        at = table.find(f" {self.local} {self.remote} ")
        if at < 0:
            return None
        fields = table[at : at + 200].split()
        return int(fields[3].partition(":")[0], 16)


def _written(address: str, port: str, long: bool) -> str:
    """An address and a port as the kernel writes them: words in the host's byte order, in hex.

    Raises:
        ValueError: If they are none, or do not belong into that table.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if long and parsed.version == 4:
        parsed = ipaddress.ip_address(f"::ffff:{parsed}")
    if not long and parsed.version == 6:
        raise ValueError("an IPv6 address is in the other table")
    packed = parsed.packed
    words = (packed[n : n + 4] for n in range(0, len(packed), 4))
    text = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    return f"{text}:{int(port):04X}"
