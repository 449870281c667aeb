"""The mirroring page: pairs of sites above, their mirrored RBD images below."""
