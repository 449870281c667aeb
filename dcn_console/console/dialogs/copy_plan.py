"""The plan dialog of copying images: its level of verification can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from dcn_console.console.details.document import field
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.spans import Line, Span, Tone
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.requests import CopyImages, Request
from dcn_console.model.text import count

VERIFY_WORDS = {
    VerifyLevel.NONE: "none: only that Glance lists the store",
    VerifyLevel.METADATA: "metadata: the RBD image, its protected snapshot and its size",
    VerifyLevel.DEEP: "deep: read the data back and compare its hash",
}

_LEVELS = tuple(VerifyLevel)


class CopyDialog(PlanDialog):
    """Plans copies of images to sites (None: every edge lacking them)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "verify", "verify", show=False)]

    def __init__(self, image_ids: Sequence[str], sites: Sequence[str] | None, what: str) -> None:
        """Make the dialog for images and sites."""
        super().__init__(f"Copy {what}", "Copy", ())
        self._image_ids = tuple(image_ids)
        self._sites = None if sites is None else tuple(sites)
        self._verify = VerifyLevel.METADATA

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is asked for, with the chosen level."""
        return (CopyImages(image_ids=self._image_ids, sites=self._sites, verify=self._verify),)

    def settings(self) -> tuple[Line, ...]:
        """The level of verification."""
        words = (Span(VERIFY_WORDS[self._verify]), Span("  v changes", Tone.DIM))
        return (field("verify", words),)

    def title_of(self, plans: Sequence[Plan]) -> str:
        """Return how many images and copies there are."""
        if len(plans) == 1:
            return plans[0].title
        copies = sum(len(plan.targets) for plan in plans if plan.has_work)
        return f"copy {count(len(plans), 'image')}: {count(copies, 'copy', 'copies')}"

    def action_verify(self) -> None:
        """Plan anew with the next level of verification."""
        if not self._submitting:
            index = (_LEVELS.index(self._verify) + 1) % len(_LEVELS)
            self._verify = _LEVELS[index]
            self.read()
