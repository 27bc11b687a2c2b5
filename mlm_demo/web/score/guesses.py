"""Draw what the models would put in the place of a scored word: one chart per model and piece."""

from html import escape

from mlm_demo.web.fill.charts import model_caption, probability, scale_for, shown_names
from mlm_demo.web.html import bar, figure, marked

CONTEXT = 60  # characters on either side of the word
GUESSES = 8
PIECES_SHOWN = 2  # of a long word; the others are folded
HINT = '<p class="empty">Press a word to see what each model itself would put there.</p>'


def guesses(found: list[dict]) -> str:
    """Return the charts of a word, all on one scale."""
    first = found[0]
    text, start, end = first["text"], first["start"], first["end"]
    where = marked(text[max(0, start - CONTEXT) : start], text[start:end], text[end : end + CONTEXT])
    scale = scale_for([row for one in found for piece in one["pieces"] for row in _rows(piece)])
    names = shown_names([one["model"] for one in found])
    figures = "".join(_figure(one, scale, names) for one in found)
    heading = f'What each model would put there <span class="which" dir="auto">{where}</span>'
    return f'<section class="mask" aria-live="polite"><h3>{heading}</h3><div class="figures">{figures}</div></section>'


def _figure(one: dict, scale: float, names: dict[str, str]) -> str:
    count = len(one["pieces"])
    charts = [
        _chart(piece, scale, f"Piece {number} of {count}" if count > 1 else "")
        for number, piece in enumerate(one["pieces"], 1)
    ]
    body, folded = "".join(charts[:PIECES_SHOWN]), "".join(charts[PIECES_SHOWN:])
    if folded:
        hidden = count - PIECES_SHOWN
        more = "The last piece" if hidden == 1 else f"The other {hidden} pieces"
        body += f'<details class="pieces"><summary>{more}</summary>{folded}</details>'
    caption = model_caption(one["model"], one["seconds"], names)
    return figure(f"chart domain-{one['model']['domain']}", caption, body)


def _rows(piece: dict) -> list[dict]:
    """Return the guesses, and the scored piece with its rank where it is none of them."""
    own = piece["piece"]
    rows = [{**row, "rank": rank} for rank, row in enumerate(piece["guesses"], 1)]
    if own["token"] not in {row["token"] for row in rows}:
        shown = {"word": own["token_str"].strip() or own["token_str"], "score": own["probability"]}
        rows.append({**shown, "token": own["token"], "rank": own["rank"]})
    return rows


def _chart(piece: dict, scale: float, title: str) -> str:
    items = []
    for row in _rows(piece):
        own = row["token"] == piece["piece"]["token"]
        word, score = escape(row["word"]), probability(row["score"])
        note = ", the word of the sentence" if own else ""
        items.append(
            f'<li{" class=own" if own else ""} aria-label="{word}, probability {score}{note}">'
            f'<span class="rank">{row["rank"]:,}</span><span class="word" dir="auto">{word}</span>'
            f'{bar(min(row["score"] / scale, 1.0))}<span class="score">{score}</span></li>'
        )
    heading = f'<p class="facts">{title}</p>' if title else ""
    return f"{heading}<ol>{''.join(items)}</ol>"
