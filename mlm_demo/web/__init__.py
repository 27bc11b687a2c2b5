"""The page and its HTTP endpoints; the only place that imports gradio."""
