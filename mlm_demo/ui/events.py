"""How the page wires an event that shows no progress, and one that goes past Gradio's queue as well.

The queue costs more than a prediction takes; what goes past it must never wait for a model that is to be loaded.
"""

QUIET = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE = {**QUIET, "queue": False}
