"""The words that a backup is decided by."""

NAME = "backup-create"

ASK_STEP = "ask"
WATCH_STEP = "watch"
VERIFY_STEP = "verify"
DROP_STEP = "drop older"

PART = "backup"
"""What the mark of the backup says it is."""
