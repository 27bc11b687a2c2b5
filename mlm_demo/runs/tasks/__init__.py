"""The kinds of runs: one file a task."""
