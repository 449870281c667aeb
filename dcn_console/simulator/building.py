"""The named scenarios: demo, scale and empty."""

from msgspec.structs import replace

from dcn_console.simulator.demo import demo
from dcn_console.simulator.deployment import Conditions, Contents
from dcn_console.simulator.records import ReadOnlyStore, SimulatedSite
from dcn_console.simulator.scale import scale
from dcn_console.simulator.scenario import DEFAULT_SEED, empty, make_sites

SCENARIOS = ("demo", "scale", "empty")
DEFAULT_IMAGES = 10_000
DEFAULT_VOLUMES = 10_000


def build_scenario(
    name: str = "demo",
    *,
    now: float,
    seed: int = DEFAULT_SEED,
    images: int | None = None,
    volumes: int | None = None,
    sites: tuple[SimulatedSite, ...] | tuple[str, ...] | None = None,
    bandwidth: float | None = None,
    latency_seconds: float = 0.0,
    time_scale: float = 1.0,
    read_only_stores: tuple[ReadOnlyStore, ...] = (),
) -> Contents:
    """Return the contents a simulator starts with; raise ValueError for an unknown name.

    ``images`` and ``volumes`` are counts for the scenario "scale"; ``sites`` (records, or
    "NAME[:STORE[:ZONE[:CLUSTER]]]") and ``read_only_stores`` apply to "scale" and "empty".
    ``bandwidth`` is in bytes a second into and out of every site.
    """
    chosen = _sites(sites, seed, bandwidth)
    if name == "demo":
        contents = demo(now, seed, bandwidth)
    elif name == "scale":
        contents = scale(
            now,
            seed,
            DEFAULT_IMAGES if images is None else images,
            DEFAULT_VOLUMES if volumes is None else volumes,
            chosen,
            bandwidth,
        )
    elif name == "empty":
        contents = empty(chosen, now=now, seed=seed, bandwidth=bandwidth)
    else:
        raise ValueError(f"There is no scenario “{name}”; there are {', '.join(SCENARIOS)}.")
    conditions = Conditions(
        latency_seconds={"": latency_seconds} if latency_seconds else {}, time_scale=time_scale
    )
    if read_only_stores:
        deployment = replace(contents.deployment, read_only_stores=read_only_stores)
        contents = replace(contents, deployment=deployment)
    return replace(contents, conditions=conditions)


def _sites(
    sites: tuple[SimulatedSite, ...] | tuple[str, ...] | None,
    seed: int,
    bandwidth: float | None,
) -> tuple[SimulatedSite, ...] | None:
    if not sites:
        return None
    records = tuple(site for site in sites if isinstance(site, SimulatedSite))
    return records or make_sites((str(site) for site in sites), seed, bandwidth)
