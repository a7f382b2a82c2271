"""Files of rows: what was put in comes out, in memory or on disk, and nothing stays."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.warehouse.engine_errors import EngineError
from gateway.warehouse.engine_rows import RowFiles

_CHUNKS = [bytes([i]) * 1000 for i in range(200)]


@pytest.mark.parametrize("in_memory_bytes", [0, 50_000, 1_000_000])
def test_a_file_holds_its_rows_in_order_wherever_it_lies(tmp_path: Path, in_memory_bytes: int) -> None:
    with RowFiles(tmp_path, in_memory_bytes).holding(_CHUNKS) as path:
        assert Path(path).read_bytes() == b"".join(_CHUNKS)


def test_no_file_has_a_name_and_no_descriptor_stays(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with RowFiles(tmp_path, 50_000).holding(_CHUNKS):
        assert list(tmp_path.iterdir()) == []
    assert os.listdir("/proc/self/fd") == before


def test_a_broken_source_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"row"
        raise ConnectionResetError

    before = os.listdir("/proc/self/fd")
    with pytest.raises(ConnectionResetError), RowFiles(tmp_path).holding(broken()):
        pass
    assert os.listdir("/proc/self/fd") == before


def test_a_named_file_is_private_and_swept_by_the_next_engine(tmp_path: Path) -> None:
    rows = RowFiles(tmp_path)
    with rows._named(_CHUNKS) as path:
        assert Path(path).stat().st_mode & 0o777 == 0o600
        assert Path(path).read_bytes() == b"".join(_CHUNKS)
        RowFiles(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_as_clickhouse_tells_it(tmp_path: Path) -> None:
    def full() -> Iterator[bytes]:
        yield b"row"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(EngineError, match="NOT_ENOUGH_SPACE"), RowFiles(tmp_path).holding(full()):
        pass
