"""A corpus report, as a run's log holds it."""

REPORT = {
    "files": 2, "documents": 1_200, "words": 30_000, "exact_duplicates": 3, "near_duplicates": 1, "dropped": [],
    "notes": ["a.txt was read as <cp1252>."], "training_documents": 1_100, "held_out_documents": 100,
    "tokens": 40_000, "blocks": 313, "pieces_per_word": 1.31, "general_pieces_per_word": 1.12,
    "worst_split": [["propolis", 3]], "language": "en", "language_share": 1.0, "seconds_a_pass": 95.0,
    "memory_megabytes": 1_520.0, "cut_short": "", "verdict": "too small", "advice": "It can be tried all the same.",
    "tables": [], "documents_by_file": [1_000, 200],
}  # fmt: skip
