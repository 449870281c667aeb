"""What all tests stand on."""

import signal


def pytest_configure() -> None:
    """Let the commands under test be interrupted.

    A run started in the background inherits SIGINT ignored, and so would every process the
    tests start and then interrupt.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
