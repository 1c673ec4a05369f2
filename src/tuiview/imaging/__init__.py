"""Pixels: readers, frames, scaling, colour maps, viewport, overlay, measurement, rendering."""
