"""Shared by the fault tests: how many cases each tries, and a tally of what was lost or went wrong.

``make faults`` tries the full count (``DCM_FAULTS=full``); otherwise a few cases cover each kind.
"""

import os

import pytest

FULL = os.environ.get("DCM_FAULTS") == "full"


@pytest.fixture(scope="session")
def cases():
    """How many cases to try: ``cases(reduced, full)``."""

    def chosen(reduced: int, full: int) -> int:
        return full if FULL else reduced

    return chosen


class Tally:
    """The cases of one kind of fault, and what went wrong in them, in words."""

    def __init__(self):
        self.kind = ""
        self.cases = 0
        self.lost = []
        self.wrong = []

    def case(self, lost: str | None = None, wrong: str | None = None) -> None:
        """Count one case. ``lost``: something kept before is gone; ``wrong``: silent or unnamed."""
        self.cases += 1
        if lost:
            self.lost.append(lost)
        if wrong:
            self.wrong.append(wrong)

    @property
    def problems(self) -> list[str]:
        """What was lost and what went wrong; every fault test ends by asserting: nothing."""
        return self.lost + self.wrong


@pytest.fixture
def tally(request, record_property):
    """Counts the cases of a test marked ``@pytest.mark.kind("a kind of fault")``, for the table."""
    found = Tally()
    found.kind = request.node.get_closest_marker("kind").args[0]
    yield found
    row = [found.kind, found.cases, len(found.lost), len(found.wrong)]
    record_property("faults", row)
    assert found.cases, "no case was tried"
