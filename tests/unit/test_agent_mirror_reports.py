"""What the agent makes of a daemon's report, as librbd 16.2.15 hands it out."""

from datetime import datetime
from typing import Any

import pytest

from dcn_console.ceph.agent.mirror_status import remote_reports, report

NEVER = datetime(1970, 1, 1)
LATELY = datetime(2026, 11, 21, 16, 10, 10)


def reported(state: int, *, up: bool, text: str, at: datetime) -> dict[str, Any]:
    return {"state": state, "up": up, "description": text, "last_update": at}


def test_a_report_is_told_with_its_words() -> None:
    assert report(reported(6, up=True, text="local image is primary", at=LATELY)) == {
        "state": "stopped",
        "up": True,
        "reported_at": "2026-11-21T16:10:10Z",
        "text": "local image is primary",
    }


def test_the_list_hides_the_words_of_state_unknown_but_not_the_report() -> None:
    hidden = reported(0, up=True, text="status not found", at=LATELY)
    wanted = {"state": "unknown", "up": True, "reported_at": "2026-11-21T16:10:10Z", "text": ""}
    assert report(hidden) == wanted
    told = remote_reports({"remote_statuses": [hidden | {"mirror_uuid": "m"}]})
    assert told == [{"mirror_uuid": "m", "status": wanted}]


@pytest.mark.parametrize(
    "missing",
    [
        reported(0, up=False, text="status not found", at=NEVER),
        reported(0, up=True, text="status not found", at=NEVER),
        reported(0, up=False, text="status not found", at=LATELY),
        reported(4, up=True, text="status not found", at=LATELY),
        {"name": "made anew by a resync"},
    ],
)
def test_what_was_never_reported_is_none(missing: dict[str, Any]) -> None:
    assert report(missing) is None
