"""Options that Gradio events share: what they show while they run, and which queue they wait in.

Gradio's queue takes longer than a prediction. An event with AT_ONCE skips it, so it must never load a model.
"""

QUIET = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE = {**QUIET, "queue": False}
ASKING = {"concurrency_id": "model", "concurrency_limit": 8}
# Two, so that a long text does not block a short one. They share the processor, so more would each end later.
SCORING = {"concurrency_id": "score", "concurrency_limit": 2}
# Each takes seconds of the whole processor.
EXTRACTING = {"concurrency_id": "extract", "concurrency_limit": 2}
