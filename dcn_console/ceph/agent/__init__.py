"""The agent: talks to one Ceph cluster, and speaks JSON lines on stdin and stdout.

It needs the standard library, ``rados`` and ``rbd`` only, in Python 3.6 syntax, so that
``bootstrap`` can send its source to any interpreter that has them; its modules name each other by
relative imports, for there they are no part of this program. ``protocol.py`` describes what it
speaks. It ends at once when stdin does, also while librados hangs.

Timeouts: a dead monitor is bounded only by ``client_mount_timeout`` and a dead OSD only by
``rados_osd_op_timeout``; ``connect(timeout=)`` and ``mon_command(timeout=)`` are ignored by
librados (src/pybind/rados/rados.pyx). Whatever slips through, the client's deadline kills.
"""
