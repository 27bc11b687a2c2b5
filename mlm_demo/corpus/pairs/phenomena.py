"""Twelve phenomena of English grammar, each with a template for minimal pairs.

Warstadt et al. (2020, arXiv 1912.00582) test language models this way; the templates and words here are our own. A
template draws words and returns a grammatical sentence and one that differs in one place and is not.
"""

from collections.abc import Callable
from random import Random

from mlm_demo.corpus.pairs import words
from mlm_demo.corpus.pairs.pair import Pair

PAIRS_EACH = 100
Sentences = tuple[str, str]  # grammatical, ungrammatical


def built_in_pairs(seed: int = 0) -> list[Pair]:
    """Return a hundred different pairs of each phenomenon; the same seed gives the same pairs."""
    pairs = []
    for name, template in PHENOMENA.items():
        random, found = Random(f"{seed} {name}"), {}
        while len(found) < PAIRS_EACH:
            found[template(random)] = None  # a dictionary keeps the order
        pairs += [Pair(name, good, bad) for good, bad in found]
    return pairs


def _agreement(random: Random) -> Sentences:
    """The doctor near the boys was old. *The doctor near the boys were old."""
    number = random.randrange(2)
    subject, other = (random.choice(words.PEOPLE)[at] for at in (number, 1 - number))
    where, adjective = random.choice(("near", "behind", "with", "beside")), random.choice(words.ADJECTIVES)
    good, bad = ("was", "were") if number == 0 else ("were", "was")
    return tuple(f"The {subject} {where} the {other} {verb} {adjective}." for verb in (good, bad))


def _determiner(random: Random) -> Sentences:
    """Mary liked these books. *Mary liked these book."""
    number = random.randrange(2)
    determiner = random.choice((("this", "that"), ("these", "those"))[number])
    thing, name = random.choice(words.THINGS), random.choice(words.NAMES)
    verb, when = random.choice(("liked", "wanted", "needed", "found")), random.choice(words.WHEN)
    return tuple(f"{name} {verb} {determiner} {thing[at]} {when}." for at in (number, 1 - number))


def _reflexive_gender(random: Random) -> Sentences:
    """The queen blamed herself. *The queen blamed himself."""
    female = random.randrange(2)
    who = random.choice((words.MALE, words.FEMALE)[female])
    verb, when = random.choice(words.REFLEXIVE), random.choice(words.WHEN)
    forms = ("herself", "himself") if female else ("himself", "herself")
    return tuple(f"The {who} {verb} {form} {when}." for form in forms)


def _reflexive_number(random: Random) -> Sentences:
    """The boys blamed themselves. *The boys blamed himself."""
    plural, female = random.randrange(2), random.randrange(2)
    who = random.choice((words.MALE, words.FEMALE)[female])
    verb, when = random.choice(words.REFLEXIVE), random.choice(words.WHEN)
    one = ("himself", "herself")[female]
    forms = ("themselves", one) if plural else (one, "themselves")
    subject = _plural_of(who) if plural else who
    return tuple(f"The {subject} {verb} {form} {when}." for form in forms)


def _polarity(random: Random) -> Sentences:
    """The student has not ever seen the sea. *The student has really ever seen the sea."""
    number, experience = random.randrange(2), random.choice(words.EXPERIENCES)
    who, has = random.choice(words.PEOPLE)[number], ("has", "have")[number]
    licensors = "not", random.choice(("really", "certainly", "also", "probably"))
    return tuple(f"The {who} {has} {word} ever {experience}." for word in licensors)


def _irregular(random: Random) -> Sentences:
    """Mary wrote the letter. *Mary written the letter. Mary has written it. *Mary has wrote it."""
    past, participle, thing = random.choice(words.IRREGULAR)
    name = random.choice(words.NAMES)
    if random.randrange(2):
        return tuple(f"{name} {form} {thing} yesterday." for form in (past, participle))
    return tuple(f"{name} has {form} {thing} before." for form in (participle, past))


def _argument_structure(random: Random) -> Sentences:
    """The girl followed the dog. *The girl slept the dog."""
    who, animal = random.choice(random.choice(words.PEOPLE)), random.choice(words.ANIMALS)
    verbs = random.choice(words.TRANSITIVE)[2], random.choice(words.INTRANSITIVE)
    when = random.choice(words.WHEN)
    return tuple(f"The {who} {verb} the {animal} {when}." for verb in verbs)


def _filler_gap(random: Random) -> Sentences:
    """I know that the man needed the car. *I know what the man needed the car. And without the object."""
    who, verb = random.choice(random.choice(words.PEOPLE)), random.choice(words.OBJECT_NEEDED)
    know = random.choice(("I know", "We know", "They remember", "Everybody saw", "She said"))
    if random.randrange(2):
        thing = random.choice(words.THINGS)[0]
        return tuple(f"{know} {word} the {who} {verb} the {thing}." for word in ("that", "what"))
    return tuple(f"{know} {word} the {who} {verb}." for word in ("what", "that"))


def _quantifier(random: Random) -> Sentences:
    """There was a dog in the garden. *There was each dog in the garden."""
    number, place = random.randrange(2), random.choice(words.PLACES)
    one, many = random.choice(words.PEOPLE)
    if number:
        starts = f"There were {random.choice(('many', 'some', 'few'))} {many}", f"There were most {many}"
    else:
        starts = f"There was {random.choice(('a', 'one', 'no'))} {one}", f"There was each {one}"
    return tuple(f"{start} in the {place}." for start in starts)


def _negation(random: Random) -> Sentences:
    """The man does not like the dog. *The man does not likes the dog."""
    base, third, past = random.choice(words.TRANSITIVE)
    who, animal = random.choice(words.PEOPLE)[0], random.choice(words.ANIMALS)
    auxiliary, wrong = random.choice((("does", third), ("did", past)))
    return tuple(f"The {who} {auxiliary} not {verb} the {animal}." for verb in (base, wrong))


def _word_order(random: Random) -> Sentences:
    """The old man liked the dog. *The man old liked the dog."""
    who, adjective = random.choice(random.choice(words.PEOPLE)), random.choice(words.ADJECTIVES)
    verb, animal = random.choice(words.TRANSITIVE)[2], random.choice(words.ANIMALS)
    return tuple(
        f"The {order} {verb} the {animal}." for order in (f"{adjective} {who}", f"{who} {adjective}")
    )


def _mass(random: Random) -> Sentences:
    """Tom saw too much water in the room. *Tom saw too many water in the room."""
    place, name = random.choice(words.PLACES), random.choice(words.NAMES)
    if random.randrange(2):
        noun, quantities = random.choice(words.MASS), ("much", "many")
    else:
        noun, quantities = random.choice(words.THINGS)[1], ("many", "much")
    return tuple(f"{name} saw too {quantity} {noun} in the {place}." for quantity in quantities)


def _plural_of(who: str) -> str:
    return {"man": "men", "woman": "women", "wife": "wives"}.get(
        who, f"{who}es" if who.endswith("s") else f"{who}s"
    )


PHENOMENA: dict[str, Callable[[Random], Sentences]] = {
    "subject-verb agreement across a distractor": _agreement,
    "determiner-noun agreement": _determiner,
    "reflexive gender": _reflexive_gender,
    "reflexive number": _reflexive_number,
    "polarity items": _polarity,
    "irregular past forms": _irregular,
    "argument structure": _argument_structure,
    "filler-gap dependencies": _filler_gap,
    "quantifiers": _quantifier,
    "negation": _negation,
    "word order": _word_order,
    "mass and count nouns": _mass,
}
