"""Looking a store over, and repairing what its events allow."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field

from tuiview.review import filesystem, schema
from tuiview.review.database import copying
from tuiview.review.errors import StoreError, UnreadableStoreError
from tuiview.review.locations import backups_of
from tuiview.review.lock import Holder, Lock
from tuiview.review.merge import mark_heads, unite
from tuiview.review.rebuild import Difference, compare, rebuild
from tuiview.review.snapshot import take
from tuiview.review.upkeep import alone, held
from tuiview.text import printable

_LINES = 20


class Checked(Struct, frozen=True):
    """How a store is.

    Attributes:
        path: The database.
        damage: What SQLite finds wrong, empty for nothing.
        difference: Where the kept states are not what the events say.
        counts: Numbers of events, items, reviewers, sessions, drafts, marks.
        size: Bytes of the file.
        mount: The file system that it lies on.
        holder: Who has it open, or left its lock behind.
        backups: The newest first.
        notices: What the reader should know besides.
    """

    path: Path
    damage: tuple[str, ...] = ()
    difference: Difference = field(default_factory=lambda: Difference((), ()))
    counts: dict[str, int] = field(default_factory=dict)
    size: int = 0
    mount: filesystem.Mount = field(default_factory=filesystem.Mount)
    holder: Holder | None = None
    backups: tuple[Path, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether there is nothing to repair."""
        return not (self.damage or self.difference.states or self.difference.totals)


def check(path: Path) -> Checked:
    """Look a store over by a copy; it may be in use.

    Raises:
        StoreError: There is none, or it cannot be read at all.
        StoreNewerError: A later tuiview wrote it.
    """
    path = path.absolute()
    damage: tuple[str, ...] = ()
    difference = Difference((), ())
    counts: dict[str, int] = {}
    notices: tuple[str, ...] = ()
    try:
        with take(path) as copy, copy.reading() as connection:
            notices = tuple(copy.notices)
            damage = tuple(_damage(connection))
            # Of a damaged one too, as far as it can be read: what is there to be saved.
            counts = _counts(connection)
            if not damage:
                difference = compare(connection)
    except UnreadableStoreError as error:
        damage = (error.message,)
    except sqlite3.Error as error:
        damage = (*damage, printable(str(error)))
    return Checked(
        path=path,
        damage=damage,
        difference=difference,
        counts=counts,
        size=path.stat().st_size,
        mount=filesystem.kind(path),
        holder=Lock(path).read(),
        backups=tuple(backups_of(path)),
        notices=notices,
    )


class Repaired(Struct, frozen=True):
    """What a repair did.

    Attributes:
        before, after: How the store was and is.
        aside: Where the damaged file was put, None where the file itself could be mended.
        events: Events that the store holds now.
    """

    before: Checked
    after: Checked
    aside: Path | None
    events: int


def repair(path: Path, *, take_over: bool = False) -> Repaired:
    """Make a store sound again.

    States that differ are made anew from the events. A damaged file is put aside, and a new one is
    made of every event that can be read in it and in its backups.

    Args:
        path: The database.
        take_over: Take its lock from a holder of which nobody can say whether it lives.

    Raises:
        StoreError: It is in use, cannot be written, or nothing can be read of it.
    """
    path = path.absolute()
    before = check(path)
    aside = None
    if before.damage:
        with alone(path, take_over=take_over):
            aside = _salvage(path)
    elif not before.sound:
        with held(path, label="-before-repair", take_over=take_over) as database:
            database.write(rebuild)
    after = check(path)
    return Repaired(before, after, aside, after.counts.get("events", 0))


def _salvage(path: Path) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    fresh = path.with_name(f".{path.name}.mended")
    aside = path.with_name(f"{path.name}.damaged-{moment}")
    found = 0
    with copying(fresh) as target:
        schema.migrate(target, fresh)
        for number, source in enumerate((path, *backups_of(path))):
            with contextlib.suppress(sqlite3.Error, UnreadableStoreError):
                found += _gather(source, target, damaged=number == 0)
        if not found:
            raise StoreError(
                f"no event can be read in {path} or its backups", "keep the file for an expert"
            )
        target.execute("BEGIN")
        mark_heads(target)
        target.execute("COMMIT")
    path.rename(aside)
    journal = path.with_name(path.name + "-journal")
    if journal.exists():
        journal.rename(aside.with_name(aside.name + "-journal"))
    fresh.rename(path)
    filesystem.sync_folder(path.parent)
    return aside


def _gather(path: Path, target: sqlite3.Connection, *, damaged: bool) -> int:
    vfs = "" if filesystem.locks_work(path.parent) else filesystem.NO_LOCKS
    with contextlib.closing(schema.connect(path, "rw" if damaged else "ro", vfs)) as source:
        if schema.version_of(source, path) != len(schema.MIGRATIONS):
            return 0
        target.execute("BEGIN")
        try:
            count = unite(source, target, damaged=damaged)
            target.execute("COMMIT")
        except BaseException:
            target.execute("ROLLBACK")
            raise
        return count


def _damage(connection: sqlite3.Connection) -> list[str]:
    found = [
        printable(str(line))
        for (line,) in connection.execute(f"PRAGMA integrity_check({_LINES})").fetchall()
        if line != "ok"
    ]
    if found:
        return found
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(_LINES):
        found.append(f"row {row} of {table} refers to a missing row of {parent}")
    try:
        connection.execute("INSERT INTO notes (notes, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError:
        found.append("the index of notes does not fit the notes")
    return found


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    return {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("events", "items", "reviewers", "sessions", "marks", "drafts")
    }
