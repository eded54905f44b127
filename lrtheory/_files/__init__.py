"""Files in, answers out: tables from files of the usual forms, and columns back into files; nothing in them is run."""

from lrtheory._files.alike import warn_alike
from lrtheory._files.from_table import Columns, FromTable
from lrtheory._files.opening import form_of, lines_of, read_arrays, source_name, text_of
from lrtheory._files.replacing import CERTIFICATE, are_nested, refuse_occupied, replacing
from lrtheory._files.safetensors import Tensors, named_arrays
from lrtheory._files.table import Table, as_table
from lrtheory._files.writing import SUFFIXES, delimited, write_columns

__all__ = [
    "CERTIFICATE",
    "SUFFIXES",
    "Columns",
    "FromTable",
    "Table",
    "Tensors",
    "are_nested",
    "as_table",
    "delimited",
    "form_of",
    "lines_of",
    "named_arrays",
    "read_arrays",
    "refuse_occupied",
    "replacing",
    "source_name",
    "text_of",
    "warn_alike",
    "write_columns",
]
