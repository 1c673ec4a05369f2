"""The page of displays: its commands make the pictures that it shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("displays", ROOT / "scripts" / "displays.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_picture_of_the_page_has_its_command_and_is_small(script):
    named = [name for name, _ in script.displays()]
    page = script.PAGE.read_text(encoding="utf-8")
    assert len(named) == len(set(named)) == page.count("](images/displays/") >= 12
    assert sorted(path.stem for path in script.PICTURES.iterdir()) == sorted(named)
    assert all(path.stat().st_size < 200_000 for path in script.PICTURES.iterdir())


def test_the_commands_of_the_page_make_its_pictures(script, shared_data):
    for name, arguments in script.displays():
        made = np.asarray(script.render(arguments, shared_data), float)
        with Image.open(script.PICTURES / f"{name}.jpg") as kept:
            difference = made - np.asarray(kept, float)
        assert 10 * np.log10(255**2 / np.mean(difference**2)) > 28, name
