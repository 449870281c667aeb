"""The ceph.conf and the keys of one site's cluster.

Option names and meanings: Ceph's configuration reference (src/common/options.cc, 16.2).
"""

import base64
import os
import struct
import time

from dcn_lab.files import Sections, render_sections
from dcn_lab.topology import SiteSpec
from dcn_lab.workspace import Workspace

SERVICE_USER = "openstack"
"""The Ceph user that Glance and Cinder work as."""
MON_NAME, MGR_NAME, OSD_ID = "a", "x", "0"
DAY_SECONDS = 86400
POOL_PLACEMENT_GROUPS = 8


def mirror_user(site: SiteSpec) -> str:
    """Return the Ceph user of the site's rbd-mirror daemon."""
    return f"rbd-mirror.{site.cluster}"


def monitor_addresses(workspace: Workspace, site: SiteSpec) -> str:
    """Return where the site's mon listens, for both versions of Ceph's protocol."""
    port = workspace.ports.monitor(workspace.topology.index(site))
    return f"[v2:127.0.0.1:{port},v1:127.0.0.1:{port + 1}]"


def new_key() -> str:
    """Return a fresh cephx key (src/auth/Crypto.cc, CryptoKey::encode)."""
    secret = os.urandom(16)
    return base64.b64encode(struct.pack("<hiih", 1, int(time.time()), 0, 16) + secret).decode()


def render_keyring(entity: str, key: str, capabilities: dict[str, str]) -> str:
    """Return a keyring file that holds one entity."""
    options = {"key": key, **{f"caps {who}": f'"{what}"' for who, what in capabilities.items()}}
    return render_sections({entity: options})


def render_ceph_conf(workspace: Workspace, site: SiteSpec, fsid: str) -> str:
    """Return the ceph.conf that daemons and clients of the site's cluster share."""
    layout = workspace.layout
    index = workspace.topology.index(site)
    first, last = workspace.ports.ceph_range(index)
    data = layout.data / "ceph" / site.cluster
    sockets = layout.run / site.cluster
    sections: Sections = {
        "global": {
            "fsid": fsid,
            "mon_initial_members": MON_NAME,
            "mon_host": monitor_addresses(workspace, site),
            "ms_bind_port_min": first,
            "ms_bind_port_max": last,
            "public_addr": "127.0.0.1",
            "cluster_addr": "127.0.0.1",
            "run_dir": sockets,
            "admin_socket": sockets / "$name.asok",
            "crash_dir": data / "crash",
            "log_file": layout.log / f"{site.cluster}-$name.log",
            "mon_cluster_log_file": layout.log / f"{site.cluster}-cluster.log",
            "log_to_stderr": False,
            "err_to_stderr": True,
            "osd_pool_default_size": 1,
            "osd_pool_default_min_size": 1,
            "osd_pool_default_pg_num": POOL_PLACEMENT_GROUPS,
            "osd_pool_default_pgp_num": POOL_PLACEMENT_GROUPS,
            "osd_pool_default_pg_autoscale_mode": "off",
            "osd_crush_chooseleaf_type": 0,
            "mon_allow_pool_size_one": True,
            "mon_allow_pool_delete": True,
            "mon_warn_on_pool_no_redundancy": False,
            "auth_allow_insecure_global_id_reclaim": False,
            "mon_data_avail_warn": 5,
            "mon_osd_down_out_interval": DAY_SECONDS,
            # a killed osd has no peer that would report it: the mon must miss its beacons itself
            "osd_beacon_report_interval": 5,
            "mon_osd_report_timeout": 60,
        },
        "mon": {
            "mon_data": data / "mon",
            "mgr_initial_modules": "iostat",
            "mon_memory_target": 268435456,
            "mon_osd_cache_size": 50,
            "rocksdb_cache_size": 33554432,
        },
        "mgr": {"mgr_data": data / "mgr"},
        "osd": {
            "osd_data": data / "osd",
            "osd_objectstore": "bluestore",
            "bluestore_block_size": site.osd_bytes,
            "bluestore_cache_autotune": False,
            "bluestore_cache_size": 134217728,
            "osd_memory_target": 939524096,
            "osd_op_num_shards": 2,
            "osd_op_num_threads_per_shard": 2,
            "osd_max_pg_log_entries": 200,
            "osd_min_pg_log_entries": 100,
            "osd_class_update_on_start": False,
        },
        # every short-lived command would leave a log and a socket behind otherwise
        "client": {"admin_socket": "", "log_file": "/dev/null", "rbd_default_features": 61},
        "client.admin": {"keyring": layout.keyring(site, "client.admin")},
        f"client.{SERVICE_USER}": {"keyring": layout.keyring(site, f"client.{SERVICE_USER}")},
        f"client.{mirror_user(site)}": {
            "keyring": layout.keyring(site, f"client.{mirror_user(site)}"),
            "log_file": layout.log / f"{site.cluster}-rbd-mirror.log",
            "admin_socket": sockets / "rbd-mirror.$cctid.asok",
            # 30 s by default: tests would wait for it
            "rbd_mirror_pool_replayers_refresh_interval": 5,
            "rbd_mirror_image_state_check_interval": 5,
        },
    }
    return render_sections(sections)
