"""The kinds of runs: one file per task, listed in `registry.py`."""
