"""Single daemons of the lab can be stopped, killed and started, and the rest goes on."""

import pytest
from dcn_lab.errors import LabError
from dcn_lab.execution import wait_until
from dcn_lab.lab import Lab


@pytest.mark.parametrize("kind", ["osd", "mon"])
def test_one_cluster_daemon_is_stopped_and_started(lab: Lab, kind: str) -> None:
    edge = lab.edges[-1]
    name = f"{kind}.{edge.name}"
    with lab.without(name):
        assert f"{name} is down" in lab.problems()
        assert lab.pids(name) == ()
        with pytest.raises(LabError, match="rbd"):
            edge.rbd("ls", edge.pools.volumes)
        assert lab.hub.rbd("ls", lab.hub.pools.volumes, "--format", "json") is not None

    wait_until("a healthy lab", lab.healthy, seconds=300)
    assert isinstance(edge.rbd("ls", edge.pools.volumes, "--format", "json"), list)


def test_a_killed_service_comes_back(lab: Lab) -> None:
    killed = lab.pids("glance-api")
    lab.kill("glance-api")
    assert "glance-api is down" in lab.problems()
    lab.start("glance-api")

    assert not set(killed) & set(lab.pids("glance-api"))
    wait_until("a healthy lab", lab.healthy, seconds=300)


def test_an_unknown_daemon_is_told_with_the_known_ones(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"no daemon is called 'osd\.mars'; known are mon\."):
        lab.stop("osd.mars")
