"""What stands around the page: middleware, limits, uploads, downloads, status."""
