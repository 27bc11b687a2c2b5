"""The phases of a training run, as its log names them in `phase`, in their order."""

from enum import StrEnum


class Phase(StrEnum):
    """One phase; with several seeds, TRAIN and AFTER take turns."""

    READ = "read"  # the files, and what training needs of them
    BEFORE = "before"  # judge what there is before training
    TRAIN = "train"
    AFTER = "after"  # judge what came of it, and save it
