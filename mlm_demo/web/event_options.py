"""How the page wires an event: what it shows meanwhile, and where it waits for its turn.

Gradio's queue costs more than a prediction takes; what goes past it must never wait for a model that is to be loaded.
"""

QUIET = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE = {**QUIET, "queue": False}
ASKING = {"concurrency_id": "model", "concurrency_limit": 8}
# Two, so that a long text does not keep a short one waiting; they take turns (scoring.py), so more would be later each.
SCORING = {"concurrency_id": "score", "concurrency_limit": 2}
