"""Decisions in and out: tables, Image Marker, regions, GeoJSON, notes."""
