"""The passages of a paper in which answers are looked for: whole sentences that fit into one window.

A paper that fits is one passage. A longer one is cut into passages that share a sentence, so that no window cuts an
answer, and an answer at the edge of one passage is read with what surrounds it in the next.
"""

from collections.abc import Sequence

SHARED = 1  # sentences that a passage has in common with the one before it


def passages(tokens: Sequence[int], numbers: Sequence[int], room: int) -> list[range]:
    """Return the passages that hold the sentences with these numbers, which are in order, as ranges of sentences.

    tokens: in each sentence. room: tokens in a passage. A sentence with more tokens than that is a passage by itself.
    """
    found: list[range] = []
    for run in _runs(numbers):
        first = run.start
        while True:
            last = _last(tokens, first, run.stop, room)
            found.append(range(first, last))
            if last == run.stop:
                break
            # A shared sentence must leave room for the next one.
            shared = SHARED if last - first > SHARED and sum(tokens[last - SHARED : last + 1]) <= room else 0
            first = last - shared
    return found


def _last(tokens: Sequence[int], first: int, stop: int, room: int) -> int:
    """Return the end of the passage that starts with a sentence: as many as fit, at least one."""
    last, left = first + 1, room - tokens[first]
    while last < stop and tokens[last] <= left:
        left -= tokens[last]
        last += 1
    return last


def _runs(numbers: Sequence[int]) -> list[range]:
    """Return sorted numbers as ranges of neighbors."""
    found: list[range] = []
    for number in numbers:
        if found and found[-1].stop == number:
            found[-1] = range(found[-1].start, number + 1)
        else:
            found.append(range(number, number + 1))
    return found
