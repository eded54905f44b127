"""False certificates: every number of a certificate made wrong in turn, for tests of `verify`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from lrtheory.bounds.trust.lies import changed, leaves, lies, same


def forged_fields(certificate: Any, *, free: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Words, and a copy with one false field: zero, huge, five percent off, repeated items, negated unless `free`."""
    for path, found in leaves(certificate).items():
        for words, lie in lies(found[0], decision=False):
            if (words == "negated" and path in free) or all(same(lie(leaf), leaf) for leaf in found):
                continue
            yield f"{path}: {words}", changed(certificate, path, lie)
