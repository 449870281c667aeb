"""dcn-console: a terminal console for OpenStack with distributed compute nodes.

The layers, from the faces down to plain data, import downwards only:
``cli`` and ``console``, ``runner``, ``operations``, ``inventory``, ``tasks``,
``clouds`` and ``ceph``, ``config``, ``model``. ``simulator`` stands apart.
"""

__version__ = "0.1.0"
