"""Options that Gradio events share: what they show while they run, and which queue they wait in.

Gradio's queue takes longer than a prediction. An event with AT_ONCE skips it, so it must never load a model.
"""

# Gradio (6.31) sends every change of any event's status to each component that ever had one, and looks each up in the
# whole page. An event that shows nothing has no component to tell, which saves a third of an opening.
QUIET = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
AT_ONCE = {**QUIET, "queue": False}
ASKING = {"concurrency_id": "model", "concurrency_limit": 8}
# Two, so that a long text does not block a short one. They share the processor, so more would each end later.
SCORING = {"concurrency_id": "score", "concurrency_limit": 2}
# Each takes seconds of the whole processor.
EXTRACTING = {"concurrency_id": "extract", "concurrency_limit": 2}
