"""The agent that talks to one Ceph cluster, and its client."""
