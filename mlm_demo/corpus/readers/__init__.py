"""One reader per format: a module that defines its `Format`."""
