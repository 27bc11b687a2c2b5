"""The 'Contrast' tab: the blanks of two sentences against each other, or one sentence before two models."""
