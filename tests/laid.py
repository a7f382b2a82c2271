"""The warehouse that a first start leaves, made once by the real engine and copied: migrations are most of that start.

May not: be laid where the first start itself is tested.
"""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.warehouse.engine_process import lent


def lay_warehouse(data: Path) -> None:
    """An empty warehouse for a data folder that has none yet."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (data / "warehouse").exists():
        shutil.copytree(_made(), data / "warehouse", symlinks=True)


@cache
def _made() -> Path:
    folder = TemporaryDirectory(prefix="gateway-laid-")
    atexit.register(folder.cleanup)
    warehouse = Path(folder.name) / "warehouse"
    warehouse.mkdir(mode=0o700)
    with lent(warehouse.parent):
        return warehouse
