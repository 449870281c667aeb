"""Run the simulator: ``python -m dcn_console.simulator``."""

import argparse
import sys

from dcn_console.model.errors import DcnError
from dcn_console.simulator.building import SCENARIOS
from dcn_console.simulator.records import MIB
from dcn_console.simulator.server import Options, run


def parse(arguments: list[str] | None = None) -> Options:
    """Return the options of a command line."""
    known = Options()
    parser = argparse.ArgumentParser(
        prog="python -m dcn_console.simulator",
        description="An embedded DCN: Keystone, Glance, Cinder and Ceph clusters on loopback.",
    )
    parser.add_argument("--port", type=int, default=known.port, help="0 takes a free one")
    parser.add_argument("--scenario", choices=SCENARIOS, default=known.scenario)
    parser.add_argument("--state", default="", help="folder to keep and continue the state in")
    parser.add_argument("--ready-file", default="", help="gets port, url and pid when ready")
    parser.add_argument("--seed", type=int, default=known.seed)
    parser.add_argument("--images", type=int, help="how many, in the scenario scale")
    parser.add_argument("--volumes", type=int, help="how many, in the scenario scale")
    parser.add_argument(
        "--site",
        action="append",
        default=[],
        metavar="NAME[:STORE[:ZONE[:CLUSTER]]]",
        help="a site of the scenarios scale and empty, the hub first",
    )
    parser.add_argument("--bandwidth", type=float, metavar="MIB", help="MiB a second, every site")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--time-scale", type=float, default=1.0, help="how fast the clock runs")
    parser.add_argument("--http-store", default="", metavar="ID", help="add a read-only store")
    parser.add_argument(
        "--connect-timeout",
        type=float,
        default=known.connect_timeout_seconds,
        metavar="SECONDS",
        help="how long Glance waits for a dead mon",
    )
    parser.add_argument(
        "--mirror-pace", type=float, default=1.0, help="how much oftener rbd-mirror looks"
    )
    parser.add_argument(
        "--backup-max-snapshots", type=int, default=0, help="Cinder's backup_ceph_max_snapshots"
    )
    parser.add_argument(
        "--volume-minor", type=int, default=known.volume_minor, help="Cinder's microversion 3.N"
    )
    parser.add_argument(
        "--compute-minor", type=int, default=known.compute_minor, help="Nova's microversion 2.N"
    )
    parser.add_argument(
        "--bare-metal",
        action="append",
        default=[],
        metavar="NETWORK",
        help='a bare metal port on this physical network, "" for none; else there is no Ironic',
    )
    parser.add_argument("--routed-networks", action="store_true", help="Neutron has segments")
    parser.add_argument("--hide-locations", action="store_true")
    parser.add_argument("--watch-parent", action="store_true", help="end with the parent process")
    found = parser.parse_args(arguments)
    return Options(
        port=found.port,
        scenario=found.scenario,
        state=found.state,
        ready_file=found.ready_file,
        seed=found.seed,
        images=found.images,
        volumes=found.volumes,
        sites=tuple(found.site),
        bandwidth=None if found.bandwidth is None else found.bandwidth * MIB,
        latency_seconds=found.latency,
        time_scale=found.time_scale,
        http_store=found.http_store,
        connect_timeout_seconds=found.connect_timeout,
        show_locations=not found.hide_locations,
        mirror_pace=found.mirror_pace,
        backup_max_snapshots=found.backup_max_snapshots,
        volume_minor=found.volume_minor,
        compute_minor=found.compute_minor,
        bare_metal=tuple(found.bare_metal),
        routed_networks=found.routed_networks,
        watch_parent=found.watch_parent,
    )


def main() -> None:
    """Run the simulator; end with status 1 and a message when it cannot."""
    try:
        run(parse())
    except (DcnError, OSError) as error:
        sys.exit(f"The simulator cannot run: {error}")


if __name__ == "__main__":
    main()
