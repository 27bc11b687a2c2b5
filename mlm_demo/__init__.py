"""See what a masked language model knows, and teach it a domain of your own."""

__version__ = "0.1.0"
