"""The names of the downstream tasks; imports nothing."""

EVIDENCE = "evidence"  # a question and a sentence become one relevance logit, as question NLI does
ANSWERS = "answers"  # a question and a text become start and end logits of each token: extractive question answering
TASKS = (EVIDENCE, ANSWERS)
