"""Write a tuiview.toml with every setting, commented, to start a project from."""

from __future__ import annotations

import argparse
from pathlib import Path

from tuiview.errors import TuiviewError
from tuiview.settings import PROJECT_FILE

EPILOG = """\
examples:
  tuiview init                         in the current folder
  tuiview init data/ spiral elliptical merger
"""

_REST = """\
exclusive = false          # true: setting one category clears the others
auto_advance = false       # true: a category key also moves on
# repeats = "10%"          # so many images come back once more, unannounced
# tell_repeats = false     # true: say of an image that it comes back
# blind = false            # true: names, sky positions and metadata are hidden
# hide = ["score"]         # these columns and header cards only
grid_columns = 5           # pictures across in a grid (o), 2 to 12
# store = "decisions"      # keep decisions here instead of the user's data folder
# reviewer = "alice"

[marks]
# groups = [
#   {{ name = "nucleus", color = "#ff0000", shape = "cross", maximum = 1 }},
#   {{ name = "knot", color = "#00ff00" }},
# ]

[display]
# stretch = "asinh"        # linear log sqrt squared pow asinh sinh histeq
# interval = "zscale"      # zscale minmax 99.5% ... 90% visiomatic
# colormap = "gray"
# [display.fits]           # for one kind of file only
# stretch = "asinh"

[coordinates]
# form = "sexagesimal"     # degrees galactic ecliptic
# one_based = false        # true: the first pixel is 1, 1 as in FITS

[terminal]
# graphics = "auto"        # kitty kitty-direct sixel iterm2 blocks
# blocks = "half"          # quadrant sextant octant, shade (without colours)
# theme = "textual-dark"

[loading]
# cache_megabytes = 0      # 0: an eighth of the memory or of the job's limit
# ahead = 8

[keys]
# next-item = "j,down,space"   # ids: tuiview keys
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, default=Path())
    parser.add_argument("categories", metavar="CATEGORY", nargs="*", help="for the keys 1 to 9")


def run(args: argparse.Namespace) -> int:
    """Write the file; never over an existing one."""
    path = args.folder / PROJECT_FILE
    names = args.categories or ["keep", "reject"]
    listed = ", ".join('"' + n.replace("\\", "\\\\").replace('"', '\\"') + '"' for n in names)
    text = f"[review]\ncategories = [{listed}]   # keys 1 to 9\n" + _REST.format()
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise TuiviewError(f"{path} exists already", "edit it, or move it away") from None
    except OSError as error:
        raise TuiviewError(f"{path} cannot be written: {error.strerror}") from error
    print(path)
    return 0
