"""Topology, settings and paths: where they come from and how they are written."""
