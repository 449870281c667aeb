"""The steps of a validation, and what each needs of the others."""

from collections.abc import Mapping
from types import MappingProxyType

from dcn_console.model.validation import CLEAN_UP, OPERATION, StageOutcome

NAME = OPERATION
CLEAN = CLEAN_UP

IMPORT = "import image"
COPY = "copy to edge"
VOLUME = "volume of image"
CLONE = "copy-on-write"
SERVER = "server of volume"
STOP = "stop server"
SNAPSHOT = "snapshot"
START = "start server"
IMAGE = "server image"
CENTRAL = "copy back"
BACKUP = "backup"
RESTORE = "restore"
COMPARE = "compare content"

PASSED = StageOutcome.PASSED.value
FAILED = StageOutcome.FAILED.value
SKIPPED = StageOutcome.SKIPPED.value

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        IMPORT: (),
        COPY: (IMPORT,),
        VOLUME: (COPY,),
        CLONE: (VOLUME,),
        SERVER: (VOLUME,),
        STOP: (SERVER,),
        SNAPSHOT: (VOLUME,),
        START: (STOP,),
        IMAGE: (VOLUME,),
        CENTRAL: (IMAGE,),
        BACKUP: (VOLUME,),
        RESTORE: (BACKUP,),
        COMPARE: (RESTORE,),
    }
)
"""The steps in the order in which they are taken, and which of them must have worked for each."""
SERVER_STEPS = (SERVER, STOP, START)
BACKUP_STEPS = (BACKUP, RESTORE, COMPARE)

IMAGE_DATA = "image"
"""In the data of what a step came to: an image's id, and likewise for the others."""
VOLUME_DATA = "volume"
SERVER_DATA = "server"
BACKUP_DATA = "backup"
GO_ON = "go on"
"""In the data of a step that was skipped, but whose outcome is there all the same."""
BEGUN = "begun"
"""In the data of a step that may have made something, however it ended."""
MADE_COPY = "made copy"
"""In the data of a copy of an image that is not the task's own: its copy there is."""
