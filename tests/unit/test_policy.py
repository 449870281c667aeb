"""Policy: what may be submitted at all."""

from datetime import UTC, datetime

import msgspec
import pytest
from fake_dcn import a_topology

from dcn_console.model.errors import RefusedError
from dcn_console.model.plans import ObjectReference, Plan, PlannedStep
from dcn_console.model.sites import Topology
from dcn_console.operations.policy import check_policy

TOPOLOGY = a_topology("dcn0")
PLAN = Plan(
    operation="relocate",
    title="relocate pet-volume → dcn0",
    objects=(ObjectReference(kind="volume", id="v1", name="pet-volume"),),
    targets=("dcn0",),
    made_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_what_cannot_be_undone_needs_its_name_typed() -> None:
    plan = msgspec.structs.replace(PLAN, typed_name="pet-volume")
    with pytest.raises(RefusedError, match="nobody confirmed it by name") as refused:
        check_policy([plan], TOPOLOGY, "", ["pet-volum"])
    assert refused.value.way_out == "Confirm it by typing: pet-volume"
    check_policy([plan], TOPOLOGY, "", ["pet-volume"])


def test_a_step_at_a_read_only_site_is_refused_unless_the_task_only_reads() -> None:
    sites = tuple(
        msgspec.structs.replace(site, read_only=site.name == "central") for site in TOPOLOGY
    )
    step = PlannedStep(name="demote", text="demote it", site="central")
    plan = msgspec.structs.replace(PLAN, steps=(step,))
    with pytest.raises(RefusedError, match="Site central is read-only"):
        check_policy([plan], Topology(sites), "")
    check_policy([msgspec.structs.replace(plan, reads_only=True)], Topology(sites), "")
