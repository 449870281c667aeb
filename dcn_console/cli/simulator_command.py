"""``dcn-console simulator``: an embedded DCN to try clients on."""

from pathlib import Path

import click

from dcn_console.cli.framework import Command
from dcn_console.cli.messages import say

_MIB = 1024 * 1024


@click.command(cls=Command)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--scenario", default="demo", show_default=True, help="demo, scale or empty.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to keep and continue the state in.",
)
@click.option("--images", type=click.IntRange(min=0), help="Images of the scenario scale.")
@click.option("--volumes", type=click.IntRange(min=0), help="Volumes of the scenario scale.")
@click.option(
    "--site",
    "sites",
    metavar="NAME[:STORE[:ZONE[:CLUSTER]]]",
    multiple=True,
    help="A site of the scenarios scale and empty, the hub first.",
)
@click.option("--bandwidth", type=float, metavar="MIB", help="MiB a second to every site.")
@click.option("--latency", type=float, default=0.0, metavar="SECONDS", help="Before every answer.")
@click.option("--time-scale", type=float, default=1.0, help="How fast its clock runs.")
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write clouds.yaml, config.toml and ceph.conf files into.",
)
def simulator(
    port: int,
    scenario: str,
    state: Path | None,
    images: int | None,
    volumes: int | None,
    sites: tuple[str, ...],
    bandwidth: float | None,
    latency: float,
    time_scale: float,
    folder: Path | None,
) -> int:
    """Run a simulated DCN on 127.0.0.1 until stopped.

    It speaks enough of Keystone, Glance, Cinder, Nova and Neutron for the openstack command,
    and of the agents' protocol for dcn-console. --write says how to reach it.
    """
    from dcn_console.cli.simulation import serve
    from dcn_console.simulator.server import Options

    options = Options(
        port=port,
        scenario=scenario,
        state=str(state.absolute()) if state else "",
        images=images,
        volumes=volumes,
        sites=sites,
        bandwidth=None if bandwidth is None else bandwidth * _MIB,
        latency_seconds=latency,
        time_scale=time_scale,
    )
    say("starting; Ctrl+C stops it")
    return serve(options, folder)
