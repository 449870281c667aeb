"""How the simulated services say no."""


class Refusal(Exception):
    """A request that the service refuses with an HTTP ``status`` and its own sentence."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
