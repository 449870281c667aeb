"""The log file: private, redacted, rotated, made only when there is something to say."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcn_console.cli.logs import FILE_NAME, MOST_BYTES, log_to, silence
from dcn_console.model.secrets import redact


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[logging.Logger]:
    """Leave the root logger as it was."""
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers.clear()
    yield root
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before


def test_nothing_is_written_until_something_is_said(tmp_path: Path) -> None:
    log_to(tmp_path / "log")
    logging.getLogger("keystoneauth").info("chatter")
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    "text", ["password=hunter2", '"db_password": "hunter2"', "ADMIN-SECRET = hunter2"]
)
def test_named_secrets_are_redacted_whatever_comes_before_the_word(text: str) -> None:
    assert "hunter2" not in redact(text)
    assert redact('"key_name": "mine"') == '"key_name": "mine"'


def test_lines_are_private_and_redacted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    silence()
    log_to(tmp_path / "log")
    log_to(tmp_path / "log")
    logging.getLogger("x").warning("X-Auth-Token: gAAAAAsecret retrying")
    file = tmp_path / "log" / FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert text.count("retrying") == 1
    assert "secret" not in text
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_full_disk_disturbs_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    log_to(blocked / "log")
    logging.getLogger("x").warning("lost")
    assert capfd.readouterr().err == ""


def test_the_file_is_rotated(tmp_path: Path) -> None:
    log_to(tmp_path)
    for _ in range(3):
        logging.getLogger("x").warning("y" * (MOST_BYTES // 2))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [FILE_NAME, f"{FILE_NAME}.1"]
