"""Why a training ended and which weights it kept, in sentences for the page and the shell."""

PATIENCE = 3  # evaluations without a lower eval loss before a run ends early


def ending(training: dict) -> str:
    """Say why a training ended, where its budget does not say it, and which weights it kept, where not the last.

    training: as result.json holds it; a result that an older version wrote tells neither.
    """
    if "ended" not in training:
        return ""
    return " ".join(filter(None, [_end(training), _kept(training)]))


def _end(training: dict) -> str:
    """The end; of a run that was stopped, the message of its end says where."""
    reason = {
        "no_improvement": f"the eval loss had not improved for {PATIENCE} evaluations",
        "budget": "its minutes were over" if training["steps"] < training["planned"] else "",
    }.get(training["ended"])
    where = f"step {training['steps']:,} of {training['planned']:,}"
    return f"Training ended at {where}: {reason}." if reason else ""


def _kept(training: dict) -> str:
    best = training["best_step"]
    if best == 0 and training["ended"] == "stopped":
        return "The model had not yet improved on the held-out text, so the base model's weights were kept."
    if best == 0:
        return (
            "The model did not improve on the held-out text, so the base model's weights were kept. Likely reasons are "
            "a small corpus, few steps or a high learning rate: try a larger corpus, more time or a lower learning "
            "rate."
        )
    return f"The model from step {best:,} was kept." if best < training["steps"] else ""
