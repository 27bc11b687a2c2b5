"""The 'Score' tab."""
