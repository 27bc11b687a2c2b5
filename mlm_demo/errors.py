"""Errors that a user can fix.

    MlmDemoError          an error that a user can fix
    ├── SettingError      a value in the environment
    ├── PromptError       the sentence
    ├── ParameterError    top_k, targets, a method, a list of models
    ├── ModelError        a model that cannot be used
    │   └── HubError      a model that cannot be downloaded or uploaded
    ├── CorpusError       files that cannot be read or contain too little
    │   ├── ReadingError     reading cannot go on: a file is missing or exceeds a limit, or the disk failed
    │   └── MoreNeededError  the files can be read, but more text is needed, or the name of a column
    ├── TrainingError     a training that cannot start or continue
    ├── RunError          a background run that does not exist, or cannot be started, resumed or deleted
    │   └── UnreachableError  a cluster that cannot be asked about its runs now
    └── LimitError        an exceeded rate limit

Each message names the problem, the offending value and the fix in one or two sentences without markup. The command line
prints it and exits with 1, the page shows it, and HTTP returns it.
"""


class MlmDemoError(Exception):
    """An error that a user can fix."""


class SettingError(MlmDemoError):
    """An environment variable has a value that cannot be used."""


class PromptError(MlmDemoError):
    """The sentence cannot be filled or scored as it is."""


class ParameterError(MlmDemoError):
    """A parameter other than the sentence is out of range."""


class ModelError(MlmDemoError):
    """A model cannot be used here."""


class HubError(ModelError):
    """A model cannot be downloaded from the Hub or uploaded to it."""


class CorpusError(MlmDemoError):
    """A file of a corpus cannot be read, or the corpus is too small."""


class ReadingError(CorpusError):
    """Reading cannot go on, not even without this file: it is missing, exceeds a limit, or the disk failed."""


class MoreNeededError(CorpusError):
    """The files can be read, but more text is needed, or the name of a column.

    columns: the names of the columns to choose from, if a choice is needed.
    """

    def __init__(self, message: str, columns: tuple[str, ...] = ()):
        super().__init__(message)
        self.columns = columns


class TrainingError(MlmDemoError):
    """A training cannot start with these settings, or cannot continue."""


class RunError(MlmDemoError):
    """A background run does not exist, or cannot be started, resumed or deleted now."""


class UnreachableError(RunError):
    """A cluster cannot be asked about its runs now; it may answer later."""


class LimitError(MlmDemoError):
    """A rate limit is exceeded, for one visitor or for all of them."""


def printable(text: str) -> str:
    """Return a text unchanged, or escaped if it contains line breaks or other control characters."""
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def shown(value: object, limit: int = 80) -> str:
    """Return a value for an error message: quoted, escaped, on one line, cut after `limit` characters."""
    text = printable(str(value))
    return f"'{text}'" if len(text) <= limit else f"'{text[:limit]}…'"
