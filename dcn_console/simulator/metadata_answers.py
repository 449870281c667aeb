"""What a cluster answers about the metadata of RBD images (``rbd image-meta``)."""

from msgspec.structs import replace

from dcn_console.simulator.cluster_answer import ClusterAnswer, Parameters, found, text
from dcn_console.simulator.content_changes import DONE, OWN
from dcn_console.simulator.mirror_records import ReplayPhase
from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.refusals import ClusterRefusal, read_only
from dcn_console.simulator.world import World


def metadata_get(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer what is kept under a key, null for nothing."""
    record = found(world, site, parameters)
    return ClusterAnswer(result={"value": record.metadata.get(text(parameters, "key"))})


def metadata_set(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Keep a value under a key of our own."""
    value = parameters["value"]
    if not isinstance(value, str):
        raise ClusterRefusal("invalid", "the parameter value must be a string")
    return _change(world, site, parameters, value)


def metadata_remove(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Remove what is kept under a key of our own, if anything is.

    The agent looks first: without the key nothing is changed, so a secondary does not refuse.
    """
    kept = found(world, site, parameters).metadata
    key = text(parameters, "key")
    if key.startswith(OWN) and key not in kept:
        return DONE
    return _change(world, site, parameters, None)


def _change(
    world: World, site: SimulatedSite, parameters: Parameters, value: str | None
) -> ClusterAnswer:
    """Change it here, and where a daemon follows."""
    pool, name, key = text(parameters, "pool"), text(parameters, "name"), text(parameters, "key")
    if not key.startswith(OWN):
        raise ClusterRefusal("invalid", f"the key does not begin with {OWN}, so it is not ours")
    record = found(world, site, parameters)
    mirroring = record.mirroring
    if mirroring is not None and not mirroring.primary:
        raise read_only(f"error setting metadata {key!r} for image {name.encode()!r}")
    world.put_rbd(site, pool, name, _with(record, key, value))
    for replay in world.mirrors.replays_of(pool, mirroring.global_id) if mirroring else ():
        place, copy = world.deployment.site(replay.site), world.record(replay.site, pool, name)
        follows = replay.phase in (ReplayPhase.SYNCING, ReplayPhase.REPLAYING)
        if place is not None and copy is not None and follows and replay.origin == site.name:
            world.put_rbd(place, pool, name, _with(copy, key, value))
    return DONE


def _with(record: RbdRecord, key: str, value: str | None) -> RbdRecord:
    kept = {name: text for name, text in record.metadata.items() if name != key}
    return replace(record, metadata=kept if value is None else {**kept, key: value})
