"""Background runs: each is a folder with a worker process."""
