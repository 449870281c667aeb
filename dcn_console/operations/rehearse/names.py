"""The words that a rehearsal is decided by."""

NAME = "mirror-rehearse"

COPIED = "copied"
WORKS = "works"
BROKEN = "broken"
"""What was found would not work, or nothing could be found out."""
CANCELLED = "cancelled"
CLEARED = "cleared"
"""The scratch copy is gone."""

SNAPSHOT_STEP = "snapshot"
COPY_STEP = "copy"
EXAMINE_STEP = "examine"
REMOVE_COPY_STEP = "remove copy"
REMOVE_SNAPSHOT_STEP = "remove snapshot"

SCRATCH_PREFIX = "dcn-console-rehearsal."
