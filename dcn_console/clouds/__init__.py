"""Adapters to the OpenStack APIs: bytes in, model data out."""
