#!/bin/sh
# Make or refresh the virtual environment that the Makefile's targets run in.
#
#   sh scripts/make_venv.sh [FOLDER]      FOLDER is .venv unless named
#
# Uses uv where it is on the PATH, else Python's own venv and pip. PYTHON=... names the interpreter.
set -eu

cd "$(dirname "$0")/.."
venv=${1:-.venv}

say() { printf '%s\n' "$*" >&2; }

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" && { echo "$PYTHON"; return; }
        say "PYTHON=$PYTHON is no Python 3.11 or newer."
        return 1
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no python3 at all")
    say "tuiview needs Python 3.11 or newer, and here is only: $found."
    say "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), load a module of your"
    say "cluster (module load python), or install uv, which brings its own: https://docs.astral.sh/uv/"
    return 1
}

with_uv() {
    if ! [ -x "$venv/bin/python" ] || ! new_enough "$venv/bin/python"; then
        uv venv --quiet --clear --python "${PYTHON:->=3.11}" "$venv" || return 1
    fi
    uv pip install --quiet --python "$venv/bin/python" --editable . --group dev
}

with_pip() {
    if ! { [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python" &&
        "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
        python=$(find_python) || return 1
        if ! words=$("$python" -m venv --clear "$venv" 2>&1); then
            # Debian keeps ensurepip in a package of its own; a pip outside can stand in for it.
            if "$python" -m pip --version >/dev/null 2>&1; then
                "$python" -m venv --clear --without-pip "$venv"
                "$python" -m pip --quiet --python "$venv/bin/python" install pip
            else
                say "$words"
                say "Python's venv is not complete here: on Debian and Ubuntu, apt-get install python3-venv."
                return 1
            fi
        fi
    fi
    # Dependency groups came with pip 25.1.
    "$venv/bin/python" - <<'PYTHON' || "$venv/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
import sys
from importlib.metadata import version

sys.exit(tuple(int(part) for part in version("pip").split(".")[:2]) < (25, 1))
PYTHON
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable . --group dev
}

say "Making $venv: the first time this takes a minute or two."
if command -v uv >/dev/null 2>&1; then
    with_uv || { say "uv did not manage; trying venv and pip."; with_pip; }
else
    with_pip
fi
