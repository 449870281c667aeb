"""The words that taking a snapshot is decided by."""

NAME = "volume-snapshot"

STOP_STEP = "stop server"
ASK_STEP = "ask"
WATCH_STEP = "watch"
START_STEP = "start server"
VERIFY_STEP = "verify"

PART = "snapshot"
"""What the mark of the snapshot says it is."""
