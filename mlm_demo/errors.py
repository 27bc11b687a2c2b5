"""What a user is told.

    MlmDemoError          something a person can put right
    ├── SettingError      a value in the environment
    ├── PromptError       the sentence
    ├── ParameterError    top_k, targets, a method, a list of models
    ├── ModelError        a model that cannot be used
    │   └── HubError      a model that cannot be fetched, or not be pushed
    ├── CorpusError       files that cannot be read, or hold too little
    ├── TrainingError     a training that cannot start, or cannot go on
    ├── RunError          a run in the background that is not there, or cannot be started, resumed or deleted
    └── LimitError        somebody asks more often than one may

The text of each names the problem, the offending value and the fix, in one or two sentences without
markup. The command line prints it and exits with 1, the page shows it as a message, HTTP returns it.
"""


class MlmDemoError(Exception):
    """Something a person can put right."""


class SettingError(MlmDemoError):
    """An environment variable holds a value that cannot be used."""


class PromptError(MlmDemoError):
    """The sentence cannot be filled or scored as it is."""


class ParameterError(MlmDemoError):
    """A parameter beside the sentence is out of its range."""


class ModelError(MlmDemoError):
    """A model cannot be used here."""


class HubError(ModelError):
    """A model cannot be fetched from the Hub, or not be pushed to it."""


class CorpusError(MlmDemoError):
    """A file of a corpus cannot be read, or the corpus is too small for what is asked."""


class TrainingError(MlmDemoError):
    """A training run cannot start with these settings, or cannot go on."""


class RunError(MlmDemoError):
    """A run in the background is not there, or cannot be started, resumed or deleted now."""


class LimitError(MlmDemoError):
    """Somebody, or all together, ask more often than this page answers."""


def printable(text: str) -> str:
    """Return a text as it is, or escaped where it holds line ends or what else a terminal obeys."""
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def shown(value: object, limit: int = 80) -> str:
    """Return a value in quotes as an error message shows it: escaped, on one line, not longer than `limit`."""
    text = printable(str(value))
    return f"'{text}'" if len(text) <= limit else f"'{text[:limit]}…'"
