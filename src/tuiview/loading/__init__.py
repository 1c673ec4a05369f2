"""The next picture is already there: scheduler, caches and the loader."""
