"""Who starts the workers of runs: this machine, or a system of jobs that people already have."""
