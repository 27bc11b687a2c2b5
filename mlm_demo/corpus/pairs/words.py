"""Common words for the templates of `phenomena.py`; small vocabularies hold nearly all of them whole."""

# (singular, plural); people, so that they can do and want things.
PEOPLE = (
    ("boy", "boys"), ("girl", "girls"), ("man", "men"), ("woman", "women"), ("doctor", "doctors"),
    ("teacher", "teachers"), ("student", "students"), ("farmer", "farmers"), ("lawyer", "lawyers"),
    ("writer", "writers"), ("singer", "singers"), ("driver", "drivers"), ("soldier", "soldiers"),
    ("child", "children"), ("neighbor", "neighbors"), ("player", "players"),
)  # fmt: skip
MALE = ("king", "father", "brother", "uncle", "prince", "grandfather", "husband", "boy", "man", "son")
FEMALE = ("queen", "mother", "sister", "aunt", "princess", "grandmother", "wife", "girl", "woman", "daughter")
THINGS = (
    ("book", "books"), ("car", "cars"), ("table", "tables"), ("chair", "chairs"), ("picture", "pictures"),
    ("letter", "letters"), ("bottle", "bottles"), ("box", "boxes"), ("ring", "rings"), ("hat", "hats"),
    ("coat", "coats"), ("lamp", "lamps"), ("clock", "clocks"), ("song", "songs"), ("house", "houses"),
)  # fmt: skip
ANIMALS = ("dog", "cat", "horse", "bird", "cow", "rabbit", "lion", "wolf", "goat", "duck")
PLACES = ("garden", "house", "kitchen", "park", "city", "village", "room", "school", "street", "hotel")
MASS = (
    "water", "money", "bread", "milk", "sand", "rice", "furniture", "information", "music", "traffic", "sugar",
    "snow", "advice", "dust", "luggage",
)  # fmt: skip
ADJECTIVES = ("old", "young", "tall", "small", "famous", "rich", "poor", "happy", "tired", "quiet")
NAMES = ("John", "Mary", "Peter", "Anna", "David", "Sarah", "Paul", "Emma", "Tom", "Lucy")
# (base, third person, past); each takes an object.
TRANSITIVE = (
    ("like", "likes", "liked"), ("need", "needs", "needed"), ("want", "wants", "wanted"),
    ("follow", "follows", "followed"), ("touch", "touches", "touched"), ("love", "loves", "loved"),
    ("help", "helps", "helped"), ("remember", "remembers", "remembered"), ("watch", "watches", "watched"),
)  # fmt: skip
INTRANSITIVE = (
    "slept", "arrived", "smiled", "laughed", "coughed", "existed", "died", "sneezed", "yawned", "fainted",
)  # fmt: skip
# (past, participle, an object)
IRREGULAR = (
    ("wrote", "written", "the letter"), ("took", "taken", "the train"), ("gave", "given", "a speech"),
    ("ate", "eaten", "the bread"), ("broke", "broken", "the window"), ("drove", "driven", "the car"),
    ("chose", "chosen", "the song"), ("spoke", "spoken", "the language"), ("stole", "stolen", "the money"),
    ("rode", "ridden", "the horse"), ("knew", "known", "the answer"), ("wore", "worn", "the coat"),
    ("drew", "drawn", "the picture"), ("threw", "thrown", "the ball"), ("began", "begun", "the work"),
)  # fmt: skip
# Verbs that need one object and take no second one: not *buy*, as in *buy the dog a bone*.
OBJECT_NEEDED = (
    "needed", "wanted", "liked", "carried", "touched", "destroyed", "owned", "mentioned", "described",
)  # fmt: skip
REFLEXIVE = ("hurt", "saw", "blamed", "loved", "hated", "admired", "described", "defended")
WHEN = ("yesterday", "last week", "last year", "that day", "again", "in the end", "at last", "this morning")
EXPERIENCES = (
    "seen the sea", "been to Rome", "read this book", "told a lie", "eaten fish", "seen a ghost",
    "lived in a castle", "met the king", "won a prize", "broken a leg",
)  # fmt: skip
