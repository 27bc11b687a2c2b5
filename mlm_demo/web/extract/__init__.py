"""The tab Extract: questions asked of papers."""
