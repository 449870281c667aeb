"""What all tests of the console stand on."""

import pytest
from settling import be_patient


@pytest.fixture(autouse=True)
def _at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test look at the console, or press a key, before it is at rest.

    Pictures have the console's own colours, whatever is wished where the tests run.
    """
    monkeypatch.delenv("NO_COLOR", raising=False)
    be_patient(monkeypatch)
