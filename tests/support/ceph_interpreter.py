"""An interpreter that has ``rados`` and ``rbd`` of our making: a virtual environment by hand."""

import sys
from pathlib import Path

MODULES = Path(__file__).parent / "fake_ceph"


def make_interpreter(folder: Path, *, with_ceph: bool = True) -> str:
    """Make the environment in ``folder``; return the path of its python3."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / version
    packages = folder / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n", encoding="utf-8")
    if with_ceph:
        for module in MODULES.glob("*.py"):
            (packages / module.name).symlink_to(module)
    return str(folder / "bin" / "python3")
