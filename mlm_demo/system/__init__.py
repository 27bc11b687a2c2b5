"""What the program asks of the operating system: files, memory, priorities, processes."""
