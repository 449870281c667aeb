"""One thing that the doctor looked at, and what came of it."""

from enum import StrEnum

import msgspec

from dcn_console.model.errors import DcnError


class Verdict(StrEnum):
    """How one check came out."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One check: ``area`` groups them, ``way_out`` says what to do."""

    area: str
    subject: str
    outcome: Verdict
    text: str
    way_out: str = ""


class Area:
    """Makes the diagnoses of one area."""

    def __init__(self, name: str) -> None:
        self._name = name

    def ok(self, subject: str, text: str) -> Diagnosis:
        """It is as it should be."""
        return Diagnosis(area=self._name, subject=subject, outcome=Verdict.OK, text=text)

    def warning(self, subject: str, text: str, way_out: str = "") -> Diagnosis:
        """It works, with a drawback."""
        return self._made(Verdict.WARNING, subject, text, way_out)

    def problem(self, subject: str, text: str, way_out: str = "") -> Diagnosis:
        """It does not work."""
        return self._made(Verdict.PROBLEM, subject, text, way_out)

    def skipped(self, subject: str, text: str, way_out: str = "") -> Diagnosis:
        """It could not be, or need not be, looked at."""
        return self._made(Verdict.SKIPPED, subject, text, way_out)

    def failed(self, subject: str, error: DcnError) -> Diagnosis:
        """Looking at it ended in an error."""
        return self._made(Verdict.PROBLEM, subject, error.message, error.way_out)

    def _made(self, outcome: Verdict, subject: str, text: str, way_out: str) -> Diagnosis:
        return Diagnosis(
            area=self._name, subject=subject, outcome=outcome, text=text, way_out=way_out
        )
