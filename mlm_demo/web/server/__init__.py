"""The server around the page: middleware, limits, uploads, downloads, status."""
