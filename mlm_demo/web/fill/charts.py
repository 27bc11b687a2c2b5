"""Answers as ranked bar charts: rows of HTML built here, every value escaped.

One chart a mask and model. The number stands beside each bar, and the sentence with the
word in it appears on hover and on focus, so neither colour nor length is the only carrier.
"""

from html import escape

ROWS_SHOWN = 100
SCALES = (1e-7, 1e-6, 1e-5, 1e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def charts(answers: list[dict]) -> str:
    """The charts of one answer, or of several side by side: one section a mask, all on one scale."""
    scale = scale_for([row for answer in answers for mask in answer["masks"] for row in mask])
    names = shown_names([answer["model"] for answer in answers])
    sections = []
    for mask in range(len(answers[0]["masks"])):
        figures = "".join(_figure(answer, mask, scale, names) for answer in answers)
        sections.append(section(mask_title(answers[0], mask), figures))
    if "joint" in answers[0]:
        # A scale of their own: a probability of several words together is far below that of each.
        scale = scale_for([filling for answer in answers for filling in answer["joint"]])
        figures = "".join(_joint_figure(answer, scale, names) for answer in answers)
        sections.append(section("All masks filled together", figures))
    return "".join(sections)


def scale_for(rows: list[dict]) -> float:
    """The end of the axis: the smallest round number that the largest probability fits under."""
    largest = max((row["score"] for row in rows), default=1.0)
    return next((end for end in SCALES if largest <= end), 1.0)


def probability(score: float) -> str:
    """A probability to four digits, in powers of ten where these would all be zeros."""
    return f"{score:.4f}" if score >= 0.0005 or score == 0 else f"{score:.1e}"


def list_share(share: float) -> str:
    """The share of a list of targets, in percent."""
    return f"{share:.1%}" if share >= 0.001 or share == 0 else "under 0.1%"


def short_name(name: str) -> str:
    """A model's name without its owner or the folders above it."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def shown_names(models: list[dict]) -> dict[str, str]:
    """How each of several models is called: by its short name, or in full where two would be called the same.

    An adapted one, whose name is the id of its run, is called by its title.
    """
    short = [m["title"] if m.get("kind") == "adapted" else short_name(m["name"]) for m in models]
    full = [f"{m['title']}, {m['name'][:6]}" if m.get("kind") == "adapted" else m["name"] for m in models]
    return {
        model["name"]: brief if short.count(brief) == 1 else whole
        for model, brief, whole in zip(models, short, full, strict=True)
    }


def model_caption(model: dict, seconds: float, names: dict[str, str]) -> str:
    """The line over a figure: the model, its domain, revision and device, and the time taken."""
    facts = [
        model["architecture"],
        f"revision {model['revision'][:7]}",
        f"{model['device']}, {model['precision']}",
        f"{seconds * 1000:.0f} ms",
    ]
    return (
        f'<span class="model">{escape(names[model["name"]])}</span> '
        f'<span class="facts">{escape(" · ".join(facts))}</span>'
    )


def elsewhere(row: dict, names: dict[str, str]) -> list[str]:
    """Where the other models of a comparison rank a word, a phrase each, not escaped."""
    phrases = []
    for other in row.get("elsewhere", ()):
        name = names[other["model"]]
        if other["rank"] is not None:
            phrases.append(f"#{other['rank']:,} in {name} ({probability(other['score'])})")
        elif other["pieces"]:
            phrases.append(f"{other['pieces']} pieces in {name}")
        else:
            phrases.append(f"no such piece in {name}")
    return phrases


def section(title: str, figures: str) -> str:
    """Figures side by side under a title, which is HTML."""
    heading = f"<h3>{title}</h3>" if title else ""
    return f'<section class="mask">{heading}<div class="figures">{figures}</div></section>'


def joint_rows(answer: dict) -> list[dict]:
    """The joint fillings as rows, their words joined by a plus sign."""
    return [{**f, "word": " + ".join(word.strip() for word in f["token_strs"])} for f in answer["joint"]]


def mask_title(answer: dict, mask: int) -> str:
    """Which of several masks, with the sentence and that mask marked in it; empty for the only one."""
    if len(answer["masks"]) == 1:
        return ""
    text, (start, end) = answer["text"], answer["spans"][mask]
    near = escape(text[max(0, start - 60) : start]), escape(text[end : end + 60])
    marked = f'<span class="which" dir="auto">{near[0]}<mark>{escape(text[start:end])}</mark>{near[1]}</span>'
    return f"Mask {mask + 1} of {len(answer['masks'])} {marked}"


def _figure(answer: dict, mask: int, scale: float, names: dict[str, str]) -> str:
    rows = answer["masks"][mask]
    items = "".join(_row(rank, row, scale, names) for rank, row in enumerate(rows[:ROWS_SHOWN], 1))
    return _frame(answer, items, len(rows), scale, names)


def _joint_figure(answer: dict, scale: float, names: dict[str, str]) -> str:
    rows = joint_rows(answer)
    items = "".join(_row(rank, row, scale, names) for rank, row in enumerate(rows, 1))
    return _frame(answer, items, len(rows), scale, names)


def _frame(answer: dict, items: str, count: int, scale: float, names: dict[str, str]) -> str:
    model = answer["model"]
    more = (
        f'<p class="more">The first {ROWS_SHOWN} of {count:,}; JSON and CSV hold all.</p>'
        if count > ROWS_SHOWN
        else ""
    )
    ticks = "".join(f"<span>{scale * share:g}</span>" for share in (0, 0.5, 1))
    return (
        f'<figure class="chart domain-{escape(model["domain"])}">'
        f"<figcaption>{model_caption(model, answer['seconds'], names)}</figcaption>"
        f"<ol>{items}</ol>"
        f'<div class="axis" aria-hidden="true"><span class="ticks">{ticks}</span><span>probability</span></div>'
        f"{more}</figure>"
    )


def _row(rank: int, row: dict, scale: float, names: dict[str, str]) -> str:
    word, score, sequence = escape(row["word"]), probability(row["score"]), escape(row["sequence"])
    notes = elsewhere(row, names)
    if "scored" in row:
        notes += [f"{list_share(row['share'])} of the list", row["scored"]]
    note = f'<span class="note">{escape(" · ".join(notes))}</span>' if notes else ""
    spoken = escape(". ".join([f"{row['word']}, probability {score}", *notes, row["sequence"]]))
    width = min(row["score"] / scale, 1.0)
    return (
        f'<li tabindex="0" aria-label="{spoken}">'
        f'<span class="rank">{rank}</span>'
        f'<span class="word" dir="auto">{word}</span>'
        f'<span class="track"><span class="bar" style="inline-size:{width:.2%}"></span></span>'
        f'<span class="score">{score}</span>{note}'
        f'<span class="sentence" dir="auto">{sequence}</span></li>'
    )
