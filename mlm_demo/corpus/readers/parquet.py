"""Read Parquet files: each row is a document."""

import itertools
from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading
from mlm_demo.corpus.input import Input, broken_file
from mlm_demo.corpus.readers.columns import LISTED
from mlm_demo.corpus.readers.rows import SAMPLE, read_rows
from mlm_demo.corpus.text import CONTROL
from mlm_demo.errors import CorpusError, shown


def read_parquet(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read the rows of a Parquet file."""
    chosen: list[str] = []
    rows = _rows(source, chosen, all_columns=reading.keeps_cells)
    yield from read_rows(rows, source, reading, on_chosen=chosen.extend)


def _rows(source: Input, chosen: list[str], *, all_columns: bool) -> Iterator[tuple[str, dict]]:
    """Yield the rows of a Parquet file: the first with all columns that hold strings, the others with the chosen ones.

    chosen: is filled once the first SAMPLE rows have been looked at; all_columns: those that hold no strings too,
    except binary ones.
    """
    import pyarrow as pa  # imported here: it takes a while, and few corpora are Parquet files
    import pyarrow.parquet as pq

    number = itertools.count(1)
    try:
        file = pq.ParquetFile(source.file())
        schema = file.schema_arrow
        columns = [field.name for field in schema if "string" in str(field.type)]
        if not columns:
            listed = ", ".join(shown(name, 40) for name in schema.names[:LISTED])
            raise CorpusError(f"{shown(source.name)} has no text column, only {listed}; add one.")
        if all_columns:
            columns = [field.name for field in schema if "binary" not in str(field.type)]
        first = next(file.iter_batches(SAMPLE, columns=columns), None)
        for row in first.to_pylist() if first else []:
            yield f"row {next(number)}", row
        rest = columns if all_columns else chosen or columns
        for batch in itertools.islice(file.iter_batches(SAMPLE, columns=rest), 1, None):
            source.budget.take(batch.nbytes, source.name)
            for row in batch.to_pylist():
                yield f"row {next(number)}", row
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken_file(source.name, "Parquet file", error) from error


def is_parquet(source: Input) -> bool:
    """Return whether a file begins as a Parquet file; text may begin with the same four letters."""
    return source.head.startswith(b"PAR1") and CONTROL.search(source.head[4:64].decode("latin-1")) is not None


FORMAT = Format("Parquet", "a Parquet file", (".parquet",), is_parquet, read_parquet, binary=True)
