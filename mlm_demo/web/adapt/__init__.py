"""The tab 'Adapt'."""
