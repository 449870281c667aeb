"""The steps of a validation as its plan shows them: what is made, where, and what is left out."""

from dcn_console.model.plans import PlannedStep
from dcn_console.model.text import format_bytes
from dcn_console.operations.validate_site.names import (
    BACKUP,
    CENTRAL,
    CLEAN,
    CLONE,
    COMPARE,
    COPY,
    IMAGE,
    IMPORT,
    NEEDS,
    RESTORE,
    SERVER,
    SNAPSHOT,
    START,
    STOP,
    VOLUME,
)
from dcn_console.operations.validate_site.parameters import Parameters


def planned_steps(parameters: Parameters) -> tuple[PlannedStep, ...]:
    """Return every step in its order, those that are not tried with the reason."""
    hub, edge = parameters.hub, parameters.site
    second = parameters.second_site or None
    image = "an image"
    if not parameters.image_id:
        image = f"an image of {format_bytes(parameters.image_bytes)}"
    volume = format_bytes(parameters.volume_bytes)
    in_use = "" if SERVER in parameters.skipped else ", by force while the server has it"
    root = "the volume" if SERVER in parameters.skipped else "the server's root volume"
    texts: dict[str, tuple[str, str | None]] = {
        IMPORT: (f"import {image} at {hub}, and compare its hash", hub),
        COPY: (f"copy it to {edge}, and see its RBD image whole", edge),
        VOLUME: (f"make a volume of {volume} of it, and see it in the zone of {edge}", edge),
        CLONE: (f"see that the volume is a copy-on-write clone of the copy at {edge}", edge),
        SERVER: ("make a server that boots from the volume, and see it run there", edge),
        STOP: ("stop the server", edge),
        SNAPSHOT: (f"take a snapshot of the volume{in_use}", edge),
        START: ("start the server again", edge),
        IMAGE: (f"make an image of {root}, {volume} with its zeros", edge),
        CENTRAL: (f"copy that image to {hub} unless it landed there, and see it whole", hub),
        BACKUP: (f"back the volume up at {hub}, and compare", hub),
        RESTORE: (f"restore the backup to a new volume at {second or 'a second site'}", second),
        COMPARE: ("compare all its data with what was backed up", second),
    }
    steps = []
    for name in NEEDS:
        text, site = texts[name]
        reason = parameters.skipped.get(name)
        if reason is not None:
            text = f"{text} (not tried: {reason})"
        steps.append(PlannedStep(name=name, text=text, site=site))
    if parameters.keep:
        text = "nothing is removed, as asked for; everything that was made is named"
    else:
        text = "remove everything that was made, and see that it is gone everywhere"
    return (*steps, PlannedStep(name=CLEAN, text=text, site=edge))
