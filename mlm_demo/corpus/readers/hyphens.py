"""Words that the end of a line divides: the text's own other uses decide whether the hyphen stays.

Without another use, a hyphen stays after a letter, a number or an abbreviation (T-cell, IL-6), and in compounds whose
first or second part is usual in them (long-term, age-related). Any other word is joined.
"""

import re
from collections.abc import Iterable, Iterator

HYPHENS = "-\xad\u2010"
WORD = re.compile(r"[^\W_]+(?:[-\u2010\u2011'’][^\W_]+)*")
LAST = re.compile(rf"([^\W_]+)([{HYPHENS}])[ \t]*$")
UNSPACED = re.compile("[\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\uff00-\uffef]{2}")  # Chinese and Japanese
FIRST = re.compile(r"[ \t]*([^\W_]+)")


def _set(words: str) -> frozenset[str]:
    return frozenset(re.findall(r"\S+", words))


# First parts of compounds. They also begin other words, so they count only if no ending follows.
FIRSTS = _set(
    "self non long short high low well half double single cross dose beta alpha gamma delta kappa small large early "
    "two three four five six seven eight nine ten twelve twenty thirty forty fifty sixty seventy eighty ninety first "
    "second third time year week month evidence patient disease placebo quality risk follow deep fast slow full open"
)
ENDINGS = re.compile(r"(?:e?[rds]|est|e?n|ened|ings?|ness|th|ish|ity|l?y|al|ent|ence|ance|ous|ation|ers)")
# Second parts of compounds that begin no other word's end.
SECONDS = _set(
    "based related specific dependent independent free like term blind blinded induced associated treated response "
    "threatening reported adjusted matched derived mediated positive negative resistant sensitive controlled blocker "
    "blockers quality label sectional sufficient sufficiency small up naive efficacy rich borne driven known control "
    "label effectiveness deficient wise day world"
)
# They begin words without a hyphen more often than with one.
PREFIXES = _set(
    "proto inter under over pre re un con com dis sub super trans para hyper hypo micro macro photo auto bio geno "
    "pheno sero de in im en em ex per pro out ana cata dia epi meta poly mono di tri iso homo hetero be to"
)


def vocabulary(lines: Iterable[str]) -> set[str]:
    """Return the words of lines in lower case, compounds as one word, without those that a line's end divides."""
    words: set[str] = set()
    for line in lines:
        whole = LAST.sub("", line)
        words.update(
            word.lower().replace("\u2010", "-").replace("\u2011", "-") for word in WORD.findall(whole)
        )
    return words


def join_lines(lines: Iterable[str], known: set[str]) -> str:
    """Join lines into one, and the words that their ends divide.

    known: the `vocabulary` of the whole text.
    """
    return " ".join("".join(_joined(lines, known)).split())


def _joined(lines: Iterable[str], known: set[str]) -> Iterator[str]:
    before = None
    for line in lines:
        if before is not None:
            last, first = LAST.search(before), FIRST.match(line)
            if last and first:
                yield before[: last.start(2)] + ("-" if keeps_hyphen(last, first[1], known) else "")
                line = line.lstrip()
            else:
                yield before if UNSPACED.fullmatch(before[-1:] + line[:1]) else f"{before} "
        before = line
    yield before or ""


def keeps_hyphen(last: re.Match, right: str, known: set[str]) -> bool:
    """Return whether a word that a line's end divides has a hyphen of its own."""
    left, hyphen = last[1], last[2]
    if hyphen == "\xad":
        return False
    one, two = left.lower(), right.lower()
    if f"{one}-{two}" in known:
        return True
    if one + two in known:
        return False
    if len(left) == 1 or not left.isalpha() or not right[0].islower() or (left.isupper() and len(left) < 6):
        return True
    if one in PREFIXES:
        return False
    return two in SECONDS or (one in FIRSTS and not ENDINGS.fullmatch(two))
