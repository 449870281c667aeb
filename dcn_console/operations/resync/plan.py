"""The plan of a resync: whose data is given up, what else holds it, and why it may be refused."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import RbdSubject, Resync
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.checks import follows_well
from dcn_console.operations.mirror_steps.passage import Passage
from dcn_console.operations.mirror_steps.renewal import Renewal
from dcn_console.operations.mirror_steps.renewal_plan import (
    last_written,
    loss,
    renewal_checks,
    renewal_commands,
    renewal_steps,
    written_checks,
)
from dcn_console.operations.mirror_steps.scene import (
    Scene,
    check_site,
    look_around,
    names_of,
    numbered,
    occupied,
    refusal,
    silence,
)
from dcn_console.operations.mirror_subject import (
    image_specification,
    reference,
    refused,
    tool,
    warned,
)
from dcn_console.operations.resync.names import NAME, SAMPLE_PERCENT, VERIFY, Resyncing

VERB = "resync"


async def plan_resync(
    services: Services, subject: RbdSubject, request: Resync, context: PlanContext
) -> Plan:
    """Plan to resync one RBD image. Reads only; raises UsageError for an unknown site."""
    check_site(services, request.victim)
    busy = occupied(subject, context, NAME, VERB)
    if busy is not None:
        return busy
    scene = await look_around(services, subject)
    written = last_written(scene)
    told = written_checks(scene, context.now)
    chosen = _choose(scene, request.victim)
    if isinstance(chosen, Check):
        plan = refusal(subject, context, NAME, VERB, [*told, chosen])
        return msgspec.structs.replace(plan, parameters={"written": written})
    victim, primary, passage = chosen
    checks, total = await renewal_checks(scene, victim, primary, safety_copy=request.safety_copy)
    wanted = Renewal(passage=passage, safety_copy=request.safety_copy, total=total)
    rate = context.rate_to(victim.name)
    return Plan(
        operation=NAME,
        title=f"{VERB} {scene.label} at {victim.name} from {primary.name}",
        objects=(reference(subject),),
        targets=(victim.name,),
        checks=(*told, *_needless(victim, primary, context), *checks),
        steps=_steps(wanted),
        commands=tuple(renewal_commands(wanted, victim, primary)),
        bytes_to_move=total,
        estimate_seconds=total / rate if rate and total is not None else None,
        estimate_basis=f"earlier transfers to {victim.name}" if rate else "",
        parameters=msgspec.to_builtins(Resyncing(renewal=wanted, written=written)),
        typed_name=scene.label,
        irreversible=loss(scene, victim, primary, context.now, safety_copy=request.safety_copy),
        made_at=context.now,
    )


def _choose(scene: Scene, name: str) -> tuple[Side, Side, Passage] | Check:
    """Return victim and primary, or why the victim's data cannot be given up."""
    victim = scene.side(name)
    if victim is None:
        return refused(f"No Ceph access is configured for {name}.", "See: dcn-console doctor")
    if victim.error is not None:
        text = f"{silence(victim)} Nothing there can be given up."
        return refused(text, victim.error.way_out)
    if victim.detail is None:
        text = f"{name} does not hold it: there is nothing to give up."
        return refused(text, "Its rbd-mirror daemon makes what is missing by itself.")
    if victim.mirroring is None:
        text = f"{name} holds an RBD image of that name which is not mirrored."
        return refused(text, "Mirror it first: dcn-console mirror enable")
    others = [side for side in scene.primaries if side.name != name]
    if victim.is_primary:
        return _primary_victim(scene, victim, others)
    if not others:
        silent = " ".join(map(silence, scene.silent))
        text = f"No site that answers is primary: there is nothing to copy from. {silent}".strip()
        way_out = "Make the side to keep primary first: dcn-console mirror relocate --to SITE"
        if scene.silent:
            way_out = "Wait until it answers, or if it is lost: dcn-console mirror failover"
        return refused(text, way_out)
    received = [side for side in others if scene.receives(victim, side)]
    if len(others) > 1 and len(received) != 1:
        text = f"{names_of(others)} are both primary: which of them is right is not known."
        return refused(text, "Give up one of them first: dcn-console mirror failback")
    primary = (received or others)[0]
    return _passage(scene, victim, primary)


def _primary_victim(scene: Scene, victim: Side, others: list[Side]) -> Check:
    """Say the way out for a victim that is primary."""
    name = victim.name
    if not others:
        silent = " ".join(map(silence, scene.silent))
        text = f"{name} is the only primary: the others are to follow it. {silent}".strip()
        way_out = "Choose another side, or fail over to the side to keep: dcn-console mirror "
        return refused(text, way_out + "failover")
    text = f"{name} is primary, as {names_of(others)}: it takes writes as long as it is."
    image = image_specification(scene.subject)
    demote = f"{tool('rbd', victim.site)} mirror image demote {image}"
    way_out = (
        f"To have {name} primary in the end: dcn-console mirror failback --to {name}. To keep it "
        f"secondary, stop what uses it there and demote it first: {demote}"
    )
    return refused(text, way_out)


def _passage(scene: Scene, victim: Side, primary: Side) -> tuple[Side, Side, Passage] | Check:
    here, there = victim.mirroring, primary.mirroring
    if here is None or there is None or here.global_id != there.global_id:
        text = f"{victim.name} and {primary.name} hold different mirrored RBD images of that name."
        return refused(text, "Remove the one that is not needed.")
    passage = Passage(
        subject=scene.subject,
        source=victim.name,
        destination=primary.name,
        global_id=there.global_id,
        mode=there.mode or here.mode or MirrorMode.JOURNAL,
    )
    return victim, primary, passage


def _needless(victim: Side, primary: Side, context: PlanContext) -> list[Check]:
    if not follows_well(victim, context.now):
        return []
    text = f"{victim.name} follows {primary.name} without an error: it need not be copied anew."
    return [warned(text, "Compare both sides first: dcn-console mirror verify", victim.name)]


def _steps(wanted: Renewal) -> tuple[PlannedStep, ...]:
    victim, primary = wanted.passage.source, wanted.passage.destination
    verify = PlannedStep(
        name=VERIFY,
        text=f"see that {victim} follows {primary}, and compare {SAMPLE_PERCENT:g} % of the data",
        site=victim,
        undo="nothing is changed by it",
    )
    return numbered([*renewal_steps(wanted), verify])
