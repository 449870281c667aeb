"""Commands of the command line on a fake core, run within the test's own process."""

from pathlib import Path

import pytest
from command_line import Result
from fake_core import FakeCore, write_sample_config

from dcn_console.cli import waiting
from dcn_console.cli.main import run
from dcn_console.model.requests import Request


class Runner:
    """Runs commands on ``core`` with the sample config; each begins with the words ``before``.

    They look again at once where they wait, and see no setting of whoever runs the tests.
    """

    def __init__(
        self,
        folder: Path,
        capture: pytest.CaptureFixture[str],
        patch: pytest.MonkeyPatch,
        core: FakeCore | None = None,
        *before: str,
    ) -> None:
        patch.setattr(waiting, "POLL_SECONDS", 0.001)
        patch.setenv("HOME", str(folder))
        for variable in ("OS_CLOUD", "DCN_CONSOLE_READ_ONLY", "DCN_CONSOLE_CONFIG"):
            patch.delenv(variable, raising=False)
        self.config = write_sample_config(folder)
        self.core = core or FakeCore()
        self._capture = capture
        self._before = before

    def __call__(self, *arguments: str) -> Result:
        """Run a command to its end."""
        self._capture.readouterr()
        status = run(["--config", str(self.config), *self._before, *arguments], self.core)
        return Result(status, *self._capture.readouterr())

    def asked(self) -> list[Request]:
        """Every request that was planned."""
        asked = [request for (request,) in self.core.fake.named("plan")]
        assert all(isinstance(request, Request) for request in asked)
        return asked  # type: ignore[return-value]
