"""The command line: finds the command, imports it alone, and turns errors into exit statuses."""

from __future__ import annotations

import argparse
import gc
import importlib
import keyword
import sys
from collections.abc import Sequence

from tuiview import __version__
from tuiview.errors import TuiviewError, UsageError

COMMANDS = {
    "review": "review images (the default: `tuiview PATH...`)",
    "demo": "make sample data on the spot and review it",
    "snapshot": "render the picture as shown to a PNG file, without a terminal",
    "export": "write decisions and marks to files",
    "import": "take decisions and marks from files",
    "report": "say how far a review has come, and how far reviewers agree",
    "log": "show the history of an item, or of all",
    "merge": "unite the decisions of several machines or reviewers",
    "doctor": "say what the terminal, the store or a file system can do",
    "keys": "list keys and actions",
    "init": "write a tuiview.toml to start from",
    "locate": "say where decisions and settings are kept",
}

EPILOG = """\
examples:
  tuiview data/                          review a folder, from its first image on
  tuiview data/*.fits                    the files that the shell found
  find . -name '*_r.fits' | tuiview -    names from standard input
  tuiview lookup.parquet                 a lookup table over HDF5 shards or files
  tuiview --only unreviewed data/        what is left
  tuiview review --help                  all options of the reviewer
  tuiview COMMAND --help                 more about a command

In the reviewer ? shows all keys and q quits. tuiview.toml beside the data names categories, groups
of marks and keys; `tuiview init` writes one to start from.

Decisions are kept in one SQLite database for each reviewer and collection; the data are never
written to. `tuiview locate PATH` says where.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run tuiview.

    Returns:
        0 done, 1 failed with a message and a hint on stderr, 2 wrong usage.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in ("-V", "--version"):
        print(f"tuiview {__version__}")
        return 0
    if not words or words[0] in ("-h", "--help"):
        print(_overview().format_help(), end="")
        return 0 if words else 2
    name = words.pop(0) if words[0] in COMMANDS else "review"
    gc.disable()  # modules are no garbage
    module = importlib.import_module("tuiview.commands." + name + "_" * keyword.iskeyword(name))
    gc.enable()
    prog = "tuiview" if name == "review" else f"tuiview {name}"
    parser = argparse.ArgumentParser(
        prog=prog, description=module.__doc__, epilog=getattr(module, "EPILOG", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    module.arguments(parser)
    try:
        # Paths may stand before and behind options; but what follows -- would be lost then.
        parse = parser.parse_args if "--" in words else parser.parse_intermixed_args
        args = parse(words)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    try:
        return int(module.run(args))
    except TuiviewError as error:
        _complain(error)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {words}" for name, words in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="tuiview",
        usage="tuiview [options] PATH...\n       tuiview COMMAND ...",
        description="Vet scientific images by keyboard, in the terminal.",
        epilog=f"commands:\n{commands}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", help="show the version and exit")
    return parser


def _complain(error: TuiviewError) -> None:
    print(f"tuiview: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
