"""What we ask of the operating system."""
