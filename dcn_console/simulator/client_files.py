"""The files clients need to find a running simulator: clouds.yaml, our config, ceph.conf files."""

import json
import os
import sys
from pathlib import Path

import tomli_w

from dcn_console.simulator.demo_backups import PLANS
from dcn_console.simulator.demo_data import DEMO
from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.scenario import ADMIN, MEMBER, PASSWORD


def cloud_name(deployment: Deployment, user: str = ADMIN) -> str:
    """Return the name in clouds.yaml: the deployment's, or "NAME-demo" for the plain member."""
    return deployment.name if user == ADMIN else f"{deployment.name}-{user}"


def clouds_yaml(deployment: Deployment, url: str) -> str:
    """Return a clouds.yaml with an entry for the administrator and one for the member.

    It is JSON inside, which every YAML reader takes.
    """
    clouds = {
        cloud_name(deployment, user): {
            "auth": {
                "auth_url": f"{url}/identity/v3",
                "username": user,
                "password": PASSWORD,
                "project_name": user,
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
            "region_name": deployment.region,
            "identity_api_version": "3",
            "image_api_version": "2",
            "volume_api_version": "3",
        }
        for user in (ADMIN, MEMBER)
    }
    return json.dumps({"clouds": clouds}, indent=2) + "\n"


def config_toml(deployment: Deployment, url: str, user: str = ADMIN) -> str:
    """Return our config with the topology and the simulated agents' commands."""
    sites = {}
    for site in deployment.sites:
        command = [sys.executable, "-m", "dcn_console.simulator.agent"]
        sites[site.name] = {
            "role": site.role.value,
            "store": site.store,
            "availability_zone": site.availability_zone,
            "cluster": {
                "conf": f"{site.cluster}.conf",
                "fsid": site.fsid,
                "images_pool": site.images_pool,
                "volumes_pool": site.volumes_pool,
                "command": [*command, "--url", url, "--cluster", site.cluster],
            },
        }
    head = {"cloud": cloud_name(deployment, user)}
    plans = {"backup_plans": list(PLANS)} if deployment.name == DEMO else {}
    return tomli_w.dumps({**head, **plans, "site": sites})


def write_clouds_yaml(deployment: Deployment, url: str, folder: Path) -> Path:
    """Write clouds.yaml into ``folder`` (0600) and return its path."""
    return _write(folder / "clouds.yaml", clouds_yaml(deployment, url))


def write_config(deployment: Deployment, url: str, folder: Path, user: str = ADMIN) -> Path:
    """Write config.toml into ``folder`` (0600), naming its clouds.yaml, and return its path."""
    head = tomli_w.dumps({"clouds_file": str(folder / "clouds.yaml")})
    write_clouds_yaml(deployment, url, folder)
    return _write(folder / "config.toml", head + config_toml(deployment, url, user))


def write_ceph_folder(deployment: Deployment, folder: Path) -> Path:
    """Write a ceph.conf a cluster into ``folder``, with nothing but its fsid, and return it."""
    for site in deployment.sites:
        _write(
            folder / f"{site.cluster}.conf",
            f"[global]\nfsid = {site.fsid}\nmon_host = 127.0.0.1:9\n",
        )
    return folder


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
