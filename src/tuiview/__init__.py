"""Keyboard-only vetting of scientific images in the terminal."""

__version__ = "0.1.0"
