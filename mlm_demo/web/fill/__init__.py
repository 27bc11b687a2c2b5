"""The tab 'Fill mask'."""
