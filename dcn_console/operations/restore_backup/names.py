"""The words that a restore is decided by."""

NAME = "backup-restore"

ASK_STEP = "ask"
WATCH_STEP = "watch"
VERIFY_STEP = "verify"

PART = "restored volume"
"""What the mark of the new volume says it is."""
SOURCE_BACKUP = "src_backup_id"
"""Cinder's own metadata of a volume that was created from a backup."""
