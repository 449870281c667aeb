"""A real DCN cloud on one machine: Ceph, Keystone, Glance, Cinder and Nova from Debian's packages.

Standard library only, so that it runs under the distribution's own interpreter.
"""
