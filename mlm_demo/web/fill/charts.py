"""Draw answers as ranked bar charts in HTML, one per mask and model; every value is escaped.

Each bar has its number beside it, and the filled sentence appears on hover and on focus, so color and length are never
the only sign.
"""

from html import escape

from mlm_demo.training.exam import shortened_around_term
from mlm_demo.web.html import bar, figure, marked
from mlm_demo.web.model_choices import short_name

ROWS_SHOWN = 100
SENTENCE_SHOWN = 120  # characters of a filled sentence that a chart shows whole, in place of its words
CONTEXT_SHOWN = 60  # characters of the sentence around the mask that a heading is about
SCALES = (1e-7, 1e-6, 1e-5, 1e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def charts(answers: list[dict], *, pressable: bool = False, full_axis: bool = False) -> str:
    """Return the charts of one answer, or of several side by side: one section per mask, all on one scale.

    pressable: each word is a button; `javascript.GUESSES` puts it into the sentence. full_axis: the scale ends at 1,
    whatever the largest probability is, so that the charts of different sentences can be compared.
    """
    scale = 1.0 if full_axis else scale_for([r for a in answers for mask in a["masks"] for r in mask])
    names = shown_names([answer["model"] for answer in answers])
    sections = []
    for mask in range(len(answers[0]["masks"])):
        figures = "".join(_figure(answer, mask, scale, names, pressable) for answer in answers)
        sections.append(section(mask_title(answers[0], mask), figures))
    if "joint" in answers[0]:
        # A scale of its own: a joint probability is far below that of each word.
        scale = 1.0 if full_axis else scale_for([f for answer in answers for f in answer["joint"]])
        figures = "".join(_joint_figure(answer, scale, names, pressable) for answer in answers)
        sections.append(section("All blanks filled together", figures))
    return "".join(sections)


def chart_choice(answers: list[dict]) -> str:
    """Return a button for each chart or table of an answer, of which Present shows one at a time; empty for one."""
    names = shown_names([answer["model"] for answer in answers]).values()
    masks = [f"blank {number}" for number in range(1, len(answers[0]["masks"]) + 1)]
    masks += ["together"] if "joint" in answers[0] else []
    labels = [
        [*([name] if len(names) > 1 else []), *([mask] if len(masks) > 1 else [])]
        for mask in masks
        for name in names
    ]
    if len(labels) == 1:
        return ""
    buttons = "".join(
        f'<button type="button" data-chart="{number}" aria-pressed="{str(not number).lower()}">'
        f"{escape(', '.join(label))}</button>"
        for number, label in enumerate(labels)
    )
    return f'<div class="which-chart" role="group" aria-label="Chart to present">{buttons}</div>'


def scale_for(rows: list[dict]) -> float:
    """Return the end of the axis: the smallest round number that is not below the largest probability."""
    largest = max((row["score"] for row in rows), default=1.0)
    return next((end for end in SCALES if largest <= end), 1.0)


def probability(score: float) -> str:
    """Return a probability with four decimals, or in scientific notation below 0.0005."""
    return f"{score:.4f}" if score >= 0.0005 or score == 0 else f"{score:.1e}"


def list_share(share: float) -> str:
    """Return the share of a target among all targets, in percent."""
    return f"{share:.1%}" if share >= 0.001 or share == 0 else "under 0.1%"


def shown_names(models: list[dict]) -> dict[str, str]:
    """Return the name that the page shows for each model: the short name, or the full one if it is ambiguous.

    An adapted model, whose name is a run's id, is shown by its title.
    """
    short = [m["title"] if m.get("kind") == "adapted" else short_name(m["name"]) for m in models]
    full = [f"{m['title']}, {m['name'][:6]}" if m.get("kind") == "adapted" else m["name"] for m in models]
    return {
        model["name"]: brief if short.count(brief) == 1 else whole
        for model, brief, whole in zip(models, short, full, strict=True)
    }


def model_caption(model: dict, seconds: float, names: dict[str, str]) -> str:
    """Return the line over a figure: model, architecture, revision, device and time taken."""
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
    """Return how the other models of a comparison rank a word, one phrase per model, not escaped."""
    phrases = []
    for other in row.get("elsewhere", ()):
        name = names[other["model"]]
        if other["rank"] is not None:
            phrases.append(f"#{other['rank']:,} in {name} ({probability(other['score'])})")
        elif other["pieces"]:
            phrases.append(f"{other['pieces']} tokens in {name}")
        else:
            phrases.append(f"no such token in {name}")
    return phrases


def section(title: str, figures: str) -> str:
    """Return figures side by side under a title, which is HTML."""
    heading = f"<h3>{title}</h3>" if title else ""
    return f'<section class="mask">{heading}<div class="figures">{figures}</div></section>'


def joint_rows(answer: dict) -> list[dict]:
    """Return the joint fillings as rows, their words joined by a plus sign."""
    return [{**f, "word": " + ".join(word.strip() for word in f["token_strs"])} for f in answer["joint"]]


def mask_title(answer: dict, mask: int) -> str:
    """Return the number of a mask and the sentence with it marked; empty for the only mask."""
    if len(answer["masks"]) == 1:
        return ""
    text, (start, end) = answer["text"], answer["spans"][mask]
    before, after = shortened_around_term(text, start, text[start:end], CONTEXT_SHOWN)
    context = marked(before, text[start:end], after)
    return f'Blank {mask + 1} of {len(answer["masks"])} <span class="which" dir="auto">{context}</span>'


def _figure(answer: dict, mask: int, scale: float, names: dict[str, str], pressable: bool) -> str:
    rows = answer["masks"][mask]
    items = "".join(_row(rank, row, scale, names, pressable) for rank, row in enumerate(rows[:ROWS_SHOWN], 1))
    return _frame(answer, items, len(rows), scale, names)


def _joint_figure(answer: dict, scale: float, names: dict[str, str], pressable: bool) -> str:
    rows = joint_rows(answer)
    short = all(len(row["sequence"]) <= SENTENCE_SHOWN for row in rows)
    if short:
        rows = [{**row, "word": row["sequence"]} for row in rows]
    items = "".join(_row(rank, row, scale, names, pressable) for rank, row in enumerate(rows, 1))
    return _frame(answer, items, len(rows), scale, names, " sentences" * short)


def _frame(answer: dict, items: str, count: int, scale: float, names: dict[str, str], kind: str = "") -> str:
    model = answer["model"]
    more = (
        f'<p class="more">The first {ROWS_SHOWN} of {count:,} words; JSON and CSV contain all of them.</p>'
        if count > ROWS_SHOWN
        else ""
    )
    ticks = "".join(f"<span>{scale * share:g}</span>" for share in (0, 0.5, 1))
    axis = f'<div class="axis" aria-hidden="true"><span class="ticks">{ticks}</span><span>probability</span></div>'
    caption = model_caption(model, answer["seconds"], names)
    return figure(f"chart domain-{model['domain']}{kind}", caption, f"<ol>{items}</ol>{axis}{more}")


def _row(rank: int, row: dict, scale: float, names: dict[str, str], pressable: bool) -> str:
    word, score, sequence = escape(row["word"]), probability(row["score"]), escape(row["sequence"])
    notes = elsewhere(row, names)
    if "scored" in row:
        notes += [f"{list_share(row['share'])} of the list", row["scored"]]
    note = f'<span class="note">{escape(" · ".join(notes))}</span>' if notes else ""
    filled = [row["sequence"]] if row["word"] != row["sequence"] else []
    spoken = escape(". ".join([f"{row['word']}, probability {score}", *notes, *filled]))
    width = min(row["score"] / scale, 1.0)
    # Out of the tab order, because the row itself takes the keyboard's focus.
    kind = (
        'button type="button" tabindex="-1" title="Put this into the sentence" class="word put"'
        if pressable
        else 'span class="word"'
    )
    return (
        f'<li tabindex="0" aria-label="{spoken}">'
        f'<span class="rank">{rank}</span>'
        f'<{kind} dir="auto">{word}</{kind.split()[0]}>'
        f"{bar(width)}"
        f'<span class="score">{score}</span>{note}'
        f'<span class="sentence" dir="auto">{sequence}</span></li>'
    )
