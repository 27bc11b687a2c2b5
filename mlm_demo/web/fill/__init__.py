"""The 'Fill mask' tab."""
