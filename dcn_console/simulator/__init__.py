"""An embedded DCN that speaks the same HTTP and agent protocols as a real one.

From the inside out: ``records``, ``faults`` and ``deployment`` are what a cloud holds, frozen;
``world`` holds them at one moment, with ``block_state`` for Cinder's snapshots, backups and data
on its way. ``imports``, ``import_outcome``, ``block_clock`` and ``servers`` move the world through
time; ``import_requests``, ``image_changes``, ``uploads``, ``volumes``, ``volume_actions``,
``snapshots``, ``backups``, ``restores``, ``server_creation`` and ``cluster_answers`` change it as
the services would. None of these does I/O or reads a clock. ``engine`` ties a world to a
``clock`` and a ``storage`` folder, ``api`` puts it behind HTTP, ``server`` runs it as a process.
``agent`` is a program of its own, one process a cluster. ``building`` makes the scenarios, and
``instance`` and ``control`` are for tests and the demo: start, stop and steer a simulator.
"""
