"""Check that the documents say what the program does; `--write` mends what can be generated.

- `docs/keys.md`: the part between its markers is what `tuiview keys --markdown` prints.
- `docs/commands.md`: has a `--help` block for each command, and each block is fresh.
- README.md and docs/: every relative link leads to a file, every `#anchor` to a heading.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEYS, COMMANDS = ROOT / "docs" / "keys.md", ROOT / "docs" / "commands.md"

_PART = re.compile(
    r"<!-- generated: (?P<command>tuiview[^>]*?) -->\n(?P<body>.*?)<!-- /generated -->", re.DOTALL
)
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def output_of(command: str) -> str:
    """What `tuiview ...` prints, with a width that does not depend on the terminal."""
    environment = os.environ | {"COLUMNS": "90", "NO_COLOR": "1", "PYTHON_COLORS": "0"}
    finished = subprocess.run(
        [sys.executable, "-m", "tuiview", *command.split()[1:]],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    if finished.returncode != 0:
        raise SystemExit(f"{command} failed ({finished.returncode}):\n{finished.stderr}")
    return "\n".join(line.rstrip() for line in finished.stdout.strip().splitlines()) + "\n"


def commands() -> list[str]:
    """The names of all commands, as `tuiview --help` lists them."""
    listed = re.search(r"\{([a-z,-]+)\}", output_of("tuiview --help"))
    if listed:
        return listed.group(1).split(",")
    found = re.findall(r"^  ([a-z][a-z-]+)  +\S", output_of("tuiview --help"), re.MULTILINE)
    if not found:
        raise SystemExit("tuiview --help lists no commands")
    return found


def generated(command: str) -> str:
    """The body of one generated part."""
    text = output_of(command)
    return f"\n{text}\n" if "--markdown" in command else f"\n```text\n{text}```\n\n"


def squashed(text: str) -> str:
    """The words of a help text, without what differs between versions of argparse."""
    return re.sub(r"-(\w) (\S+), (--\S+) \2", r"-\1, \3 \2", " ".join(text.split()))


def check_generated(path: Path, wanted: list[str], *, write: bool) -> list[str]:
    """Compare or rewrite the generated parts of one document."""
    if not path.is_file():
        return [f"{path.relative_to(ROOT)} is missing"]
    text, problems, seen = path.read_text(encoding="utf-8"), [], []

    def fresh(part: re.Match[str]) -> str:
        seen.append(part["command"])
        body = generated(part["command"])
        if squashed(body) == squashed(part["body"]):
            return part.group()
        if not write:
            problems.append(f"{path.relative_to(ROOT)}: '{part['command']}' is stale: make docs")
        return f"<!-- generated: {part['command']} -->\n{body}<!-- /generated -->"

    renewed = _PART.sub(fresh, text)
    if write and renewed != text:
        path.write_text(renewed, encoding="utf-8")
    for command in wanted:
        if command not in seen:
            problems.append(f"{path.relative_to(ROOT)} has no part for '{command}'")
    return problems


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ +(.+?) *$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_links(path: Path) -> list[str]:
    """Relative links of one document that lead nowhere."""
    problems = []
    text = path.read_text(encoding="utf-8")
    for groups in _LINK.findall(re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
        target = groups[0] or groups[1]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists():
            problems.append(f"{path.relative_to(ROOT)}: {target} does not exist")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text("utf-8")):
            problems.append(f"{path.relative_to(ROOT)}: {target}: no such heading")
    return problems


def main() -> int:
    """Run every check; exit status 1 if one fails."""
    write = "--write" in sys.argv[1:]
    names = commands()
    helps = ["tuiview --help", *(f"tuiview {name} --help" for name in names)]
    problems = check_generated(KEYS, ["tuiview keys --markdown"], write=write)
    problems += check_generated(COMMANDS, helps, write=write)
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        problems += check_links(path)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"documents: {len(names)} commands and their keys are as the program says")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
