"""The operating system: files, locks, memory, priorities, processes."""
