"""Agreeing by name to what cannot be undone, whatever the name is made of."""

from pathlib import Path

import pytest
from fake_core import FakeCore, write_sample_config
from fake_data import NOW

from dcn_console.cli import waiting
from dcn_console.cli.main import run
from dcn_console.model.agreeing import same
from dcn_console.model.plans import ObjectReference, Plan


@pytest.mark.parametrize(
    ("name", "hint", "typed"),
    [
        ("$(id) of mine", "--confirm '$(id) of mine'", "$(id) of mine"),
        ("tab\tname\x1b[2J", "--confirm 'tab\ufffdname\ufffd[2J'", "tab\ufffdname\ufffd[2J"),
        ("zwei\u200bteile", "--confirm 'zwei\ufffdteile'", "zwei?teile"),
    ],
)
def test_what_the_hint_says_can_be_pasted_and_agrees(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    hint: str,
    typed: str,
) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)
    core = FakeCore()
    core.fake.plans = (
        Plan(
            operation="image-delete",
            title="delete an image",
            objects=(ObjectReference(kind="image", id="id-cirros", name="cirros"),),
            targets=("central",),
            typed_name=name,
            made_at=NOW,
        ),
    )
    config = str(write_sample_config(tmp_path))

    def delete(*options: str) -> int:
        return run(
            ["--config", config, "image", "delete", "cirros-0.6.2-x86_64-disk", *options], core
        )

    assert delete("--yes") == 1
    assert hint in capfd.readouterr().err
    assert delete("--confirm", "other") == 1
    assert not core.fake.named("submit")
    assert delete("--confirm", typed) == 0
    assert core.fake.named("submit")


def test_another_name_does_not_agree() -> None:
    assert not same("db-1", "db-2")
    assert not same("", "db-2")
    assert same("  db-2 ", "db-2")
