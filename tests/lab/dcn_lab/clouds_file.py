"""The clouds.yaml of a lab: an admin and a plain member."""

from dcn_lab.files import write_private
from dcn_lab.identity import MEMBER
from dcn_lab.web_service import keystone_url
from dcn_lab.workspace import Workspace


def member_cloud(cloud: str) -> str:
    """Return the name of the clouds.yaml entry with the plain member's credentials."""
    return f"{cloud}-{MEMBER}"


def write_clouds_yaml(workspace: Workspace) -> None:
    """Write clouds.yaml with the entries CLOUD (admin) and CLOUD-demo (member)."""
    cloud = workspace.topology.cloud
    entries = {cloud: "admin", member_cloud(cloud): MEMBER}
    lines = ["clouds:"]
    for name, user in entries.items():
        lines += [
            f"  {name}:",
            "    auth:",
            f'      auth_url: "{keystone_url(workspace)}"',
            f'      username: "{user}"',
            f'      password: "{workspace.password}"',
            f'      project_name: "{user}"',
            '      user_domain_name: "Default"',
            '      project_domain_name: "Default"',
            f'    region_name: "{workspace.topology.region}"',
            "    identity_api_version: 3",
            "    image_api_version: 2",
            "    volume_api_version: 3",
        ]
    write_private(workspace.layout.clouds_yaml, "\n".join(lines) + "\n")
