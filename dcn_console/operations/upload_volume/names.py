"""The words that making an image of a volume is decided by."""

NAME = "volume-upload"

SNAPSHOT_STEP = "snapshot"
SNAPSHOT_WATCH_STEP = "watch snapshot"
SCRATCH_STEP = "scratch volume"
SCRATCH_WATCH_STEP = "watch scratch volume"
ASK_STEP = "ask"
WATCH_STEP = "watch"
NAME_STEP = "name"
COMPARE_STEP = "compare"
CLEAR_SCRATCH_STEP = "remove scratch volume"

SCRATCH_NAMES = "dcn-console task "
"""How the names begin of what is made for an upload only, and of an image until it has its own."""
SNAPSHOT_PART = "snapshot to upload"
SCRATCH_PART = "scratch volume to upload"
IMAGE_PART = "image of the volume"
