"""The words that a backup is decided by."""

NAME = "backup-create"

ASKED = "asked"
"""Cinder was asked, now or before a kill; the data names the backup."""
THERE = "there"
VERIFIED = "verified"
WRONG = "wrong"
CLEARED = "cleared"

ASK_STEP = "ask"
WATCH_STEP = "watch"
VERIFY_STEP = "verify"
DROP_STEP = "drop older"
CLEAR_STEP = "clean up"

PART = "backup"
"""What the mark of the backup says it is."""
