"""The class that all results share, and how an answer is shown: as text, HTML, a data frame or a picture."""

from lrtheory._array import read_only
from lrtheory._result.certificates import Certificate
from lrtheory._result.results import Result, json_safe, result

__all__ = ["Certificate", "Result", "json_safe", "read_only", "result"]
