"""Every saboteur, once: the same check must refute it."""

import pytest

from lrtheory._front import registry
from lrtheory.bounds import DEFAULT_SEED, check


def grouped(pairs):
    """One group a system, so that no kernel is compiled twice."""
    return [
        pytest.param(id, name, marks=pytest.mark.xdist_group(id.partition("/")[0]), id=f"{id}-{name}")
        for id, name in pairs
    ]


@pytest.mark.bounds
@pytest.mark.parametrize(("id", "name"), grouped(registry().saboteurs()))
def test_saboteur(id, name, bounds_session, evidence_folder):
    """The wrong solver, the wrong constant or the missing hypothesis is refuted, on an instance that always runs."""
    evidence = check(registry()[id].sabotaged(name), bounds_session)
    evidence.save(evidence_folder)
    assert evidence.verdict == "refuted", evidence
    assert not evidence.by_luck, f"refuted on a drawn instance, which another seed may not meet\n{evidence}"
    assert not (evidence.underpowered and bounds_session.seed == DEFAULT_SEED), f"more than half of the cap\n{evidence}"
