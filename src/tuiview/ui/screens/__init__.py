"""Screens laid over the review: help, prompts, choices."""
