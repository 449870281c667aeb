"""The steps of a relocation in words, and the commands one would type."""

import shlex

from dcn_console.model.plans import PlannedStep
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.scene import numbered
from dcn_console.operations.mirror_subject import image_specification, tool
from dcn_console.operations.relocate import names
from dcn_console.operations.relocate.names import Relocation


def planned_steps(wanted: Relocation) -> tuple[PlannedStep, ...]:
    """Return the steps in their order, each with what can be undone after it."""
    source, destination = wanted.passage.source, wanted.passage.destination
    nothing_yet = "cancelling ends it, nothing is changed"
    back = f"cancelling makes {source} primary again"
    too_late = f"to undo it, relocate it back to {source}"
    restart = "; the server is started again" if wanted.restart_servers else ""

    def step(name: str, text: str, site: str, undo: str = "") -> PlannedStep:
        return PlannedStep(name=name, text=text, site=site, undo=undo)

    first: list[PlannedStep | None] = []
    if not wanted.demoted:
        servers = ", ".join(wanted.stop_servers)
        first = [
            step(names.STOP_SERVER, f"stop server {servers}", source, nothing_yet + restart)
            if wanted.stop_servers
            else None,
            step(
                names.TAKE_SNAPSHOT,
                f"take a mirror snapshot at {source}",
                source,
                nothing_yet + restart,
            )
            if wanted.passage.is_snapshot_mode
            else None,
            step(
                names.FINAL_SYNC,
                f"wait until everything has arrived at {destination}",
                destination,
                nothing_yet + restart,
            ),
            step(
                names.DEMOTE,
                f"make {source} a secondary: nobody can write to it any more",
                source,
                back + restart,
            ),
        ]
    rest = [
        step(
            names.WAIT,
            f"wait until both sides say that neither is primary, and {destination} has all",
            destination,
            back + restart,
        ),
        step(names.PROMOTE, f"make {destination} primary", destination, too_late),
        step(names.FOLLOW, f"see that {source} follows {destination}", source, too_late)
        if wanted.reverses
        else None,
        step(names.VERIFY, f"compare both sides ({wanted.check} check)", destination, too_late),
        step(
            names.SCHEDULES,
            f"have mirror snapshots taken at {destination} instead of {source}, every "
            f"{', '.join(wanted.schedules)}",
            destination,
            too_late,
        )
        if wanted.schedules
        else None,
        step(
            names.START_SERVER,
            f"start server {', '.join(wanted.start_servers)}",
            destination,
            too_late,
        )
        if wanted.start_servers
        else None,
    ]
    return numbered([*first, *rest])


def commands(wanted: Relocation, source: Side, destination: Side) -> tuple[str, ...]:
    """Return the commands for the same effect."""
    image = image_specification(wanted.passage.subject)
    here, there = tool("rbd", source.site), tool("rbd", destination.site)
    typed = []
    if not wanted.demoted:
        typed += [f"openstack server stop {shlex.quote(one)}" for one in wanted.stop_servers]
        if wanted.passage.is_snapshot_mode:
            typed.append(f"{here} mirror image snapshot {image}")
        typed.append(f"{there} mirror image status {image}")
        typed.append(f"{here} mirror image demote {image}")
    typed.append(f"{there} mirror image promote {image}")
    for interval in wanted.schedules:
        subject = wanted.passage.subject
        words = shlex.join(["--pool", subject.pool, "--image", subject.image, interval])
        typed.append(f"{there} mirror snapshot schedule add {words}")
        typed.append(f"{here} mirror snapshot schedule remove {words}")
    typed += [f"openstack server start {shlex.quote(one)}" for one in wanted.start_servers]
    return tuple(typed)
