import csv as csv_reader
import io

from mlm_demo.web.score.table import csv


def test_a_row_for_each_piece_with_the_figures_of_the_json(engine):
    scores = engine.score("=Souvenirs sat.", ["general", "biomedical"])["scores"]
    rows = list(csv_reader.DictReader(io.StringIO(csv(scores))))
    tokens = [token for score in scores for word in score["words"] for token in word["tokens"]]
    assert [float(row["surprisal"]) for row in rows] == [token["surprisal"] for token in tokens]
    assert [int(row["rank"]) for row in rows] == [token["rank"] for token in tokens]
    assert {row["text"] for row in rows} == {"'=Souvenirs sat."}, "no spreadsheet computes it"
