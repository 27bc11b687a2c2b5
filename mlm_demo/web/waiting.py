"""What a waiting run waits for, in words."""


def waiting_for(ahead: int, seconds: float | None) -> str:
    """Return what a run waits for, and how long; ahead: runs before it; seconds: of these, None if unknown."""
    if not ahead:
        return "Starts in a moment."
    runs = "1 other run" if ahead == 1 else f"{ahead} other runs"
    if seconds is None:
        return f"Waiting for {runs}."
    minutes = max(1, round(seconds / 60))
    return f"Waiting for {runs}, about {minutes} minute{'s' * (minutes > 1)}."
