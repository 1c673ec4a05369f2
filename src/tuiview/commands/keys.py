"""List keys and actions; their ids are what the [keys] table of tuiview.toml refers to."""

from __future__ import annotations

import argparse

EPILOG = """\
examples:
  tuiview keys
  tuiview keys --markdown > keys.md
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("--markdown", action="store_true", help="as a table for documents")


def run(args: argparse.Namespace) -> int:
    """Print the registry of actions."""
    from tuiview.ui.actions import ACTIONS, key_names
    from tuiview.ui.commands import COMMANDS

    group = ""
    for action in ACTIONS:
        if action.group != group:
            group = action.group
            if args.markdown:
                print(f"\n## {group}\n\n| key | what it does | id |\n|---|---|---|")
            else:
                print(f"\n{group}")
        keys = key_names(action.keys)
        if args.markdown:
            shown = " ".join(f"`{key}`" for key in keys.replace("|", "\\|").split(" "))
            print(f"| {shown} | {action.words} | `{action.id}` |")
        else:
            print(f"  {keys:<24}{action.words:<46}{action.id}")
    if args.markdown:
        print("\n## Commands after `:`\n\n| command | what it does |\n|---|---|")
        print("| `N` `+N` `-N` `N%` `$` | go to an item |")
        for command in COMMANDS:
            usage = f"{command.name} {command.usage}".strip().replace("|", "\\|")
            print(f"| `{usage}` | {command.words} |")
    else:
        print("\nCommands after :")
        for command in COMMANDS:
            print(f"  {command.name + ' ' + command.usage:<48}{command.words}")
    return 0
