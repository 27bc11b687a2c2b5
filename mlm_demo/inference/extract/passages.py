"""The passages of a paper in which answers are looked for: whole sentences that fit into one window.

A paper that fits is one passage. Of a longer one the passages lie around its most relevant sentences, so that an answer
is read with the sentences before and after it, and no window cuts it.
"""

from collections.abc import Sequence

BEST = 3  # the most relevant sentences, around which passages lie


def passages(tokens: Sequence[int], best: Sequence[int], room: int) -> list[range]:
    """Return the passages of a paper as ranges of sentences.

    tokens: in each sentence. best: the numbers of the sentences to read, the most relevant first. room: tokens in a
    passage. A sentence with more tokens than that is a passage by itself.
    """
    if sum(tokens) <= room:
        return [range(len(tokens))]
    found: list[range] = []
    for number in best:
        if not any(number in passage for passage in found):
            found.append(_around(tokens, number, room))
    return found


def runs(numbers: Sequence[int]) -> list[range]:
    """Return sorted numbers as ranges of neighbors."""
    found: list[range] = []
    for number in numbers:
        if found and found[-1].stop == number:
            found[-1] = range(found[-1].start, number + 1)
        else:
            found.append(range(number, number + 1))
    return found


def _around(tokens: Sequence[int], number: int, room: int) -> range:
    """Return the sentences around one, added on both sides in turns as long as the next one fits."""
    first, last, left = number, number, room - tokens[number]
    while True:
        before = first > 0 and tokens[first - 1] <= left
        if before:
            first -= 1
            left -= tokens[first]
        after = last + 1 < len(tokens) and tokens[last + 1] <= left
        if after:
            last += 1
            left -= tokens[last]
        if not before and not after:
            return range(first, last + 1)
