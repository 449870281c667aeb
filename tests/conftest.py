"""What all tests stand on."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "everywhere",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_configure() -> None:
    """Make runs alike, however busy the machine, and let the commands under test be interrupted.

    An example that is made up is the same in every run and may take as long as it needs.
    A run started in the background inherits SIGINT ignored, and so would every process the
    tests start and then interrupt.
    """
    settings.load_profile("everywhere")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
