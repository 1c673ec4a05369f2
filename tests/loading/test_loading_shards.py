"""Pixels of the sharded sample, as tuiview reads them and as h5py and Pillow do."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff
from tuiview.imaging.readers.dispatch import dispatch

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "hdf5" / "shards_ztf"


@pytest.mark.skipif(not SAMPLE.exists(), reason="no sample data")
def test_all_rows_of_the_sample_show_the_right_pixels() -> None:
    options = CollectionOptions(suffixes=SUFFIXES, sniff=sniff, kinds=IMAGES)
    table = open_collection([SAMPLE / "lookup.parquet"], options)
    table.start(lambda: None)
    table.wait()
    assert len(table) == 639
    shards = {
        name: h5py.File(SAMPLE / f"{name}_images.h5")
        for name in {str(table.item(row).facts["filepath"]) for row in range(639)}
    }
    for row in range(639):
        item = table.item(row)
        content = shards[str(item.facts["filepath"])]["images"][item.key][()].tobytes()
        wanted = np.asarray(Image.open(io.BytesIO(content)))
        with dispatch(item.source) as image:
            ny, nx = wanted.shape[:2]
            assert np.array_equal(image.frames[0].read(0, 0, nx, ny), wanted), item.key
    for shard in shards.values():
        shard.close()
    table.close()
