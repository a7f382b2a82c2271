"""Segments of which the next one is made ahead and the last one sealed by a thread of their own.

May not: let a commit wait for more than its frame, unless the disk gives cause to.

Why: to create, rename and truncate files waits for whatever the file system's journal is busy with, be it the merges of
an engine on the same disk. What this cannot help: a sync of blocks that are there already waits for the disk's own
flush. Measured side by side, 120 commits/s each beside heavy work on files, two runs on a shared machine, p99.9: 56 and
124 ms with one thread, 25 and 92 so, 61 and 154 in a segment that never changes. So little but flushes is left here.

    <name>.next     header and room, durable; nobody counts it, nobody reads it. What a kill leaves, the loader adopts
    <name>.open     the same file, once it is taken into use; named anew then, so that names go by when writing began

Rules:
    1. The rename to .open is not synced before a frame is acknowledged: after a power cut the frame lies under either
       name, and whoever adopts looks into both. The next sync of the folder makes it durable with the rest.
    2. The next one has room for what the last one took and half as much again. Not: more room for the current one from
       the other thread; whoever made it, the next sync of that file would wait for the same journal.
    3. Where none is ready, one is made at once. An error in making one ahead is nobody's: the disk is asked again then.
    4. After an error what was made ahead goes: that a disk took it before says nothing of now.
    5. Handed over first is sealed first: the loader goes by the time of the last write. Not after an error; nothing
       relies on it, as segments of several writers lie side by side anyway.
    6. What is handed over is bounded: a disk on which nothing can be renamed holds up the commits, not memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue, SimpleQueue

from gateway.journal.disk import Disk
from gateway.journal.segment_files import NEXT, OPEN, ROOM_LEAST_BYTES, SegmentFile, SegmentFiles

_HANDED_MOST = 16


class SegmentsAhead(SegmentFiles):
    """For one thread that writes. `room_most_bytes` is the most that is kept ready."""

    def __init__(self, disk: Disk, folder: Path, name: str, synced: bool, room_most_bytes: int) -> None:
        super().__init__(disk, folder, name, synced)
        self._room_most_bytes = room_most_bytes
        self._took = 0  # by the last one; the segments' thread alone reads it
        self._ready: SimpleQueue[SegmentFile] = SimpleQueue()
        self._jobs: Queue[Callable[[], None] | None] = Queue(_HANDED_MOST)
        self._over = False
        self._thread = threading.Thread(target=self._work, name="segments", daemon=True)
        self._thread.start()

    def begin(self) -> SegmentFile:
        file = self._taken() or super().begin()
        self._hand(self._make_ready)
        return file

    def seal(self, file: SegmentFile) -> None:
        self._hand(lambda: self._seal_handed(file))

    def let_go(self, file: SegmentFile) -> None:
        super().let_go(file)
        self._discard()

    def close(self) -> None:
        """Returns when all that was handed over is sealed, and nothing lies ready any more."""
        if not self._over:
            self._jobs.put(None)
            self._thread.join()
        self._discard()

    def _hand(self, job: Callable[[], None]) -> None:
        if self._over:
            raise RuntimeError("the thread of the segments has ended")
        self._jobs.put(job)

    def _taken(self) -> SegmentFile | None:
        try:
            file = self._ready.get_nowait()
        except Empty:
            return None
        opened = self._fresh(OPEN)
        try:
            self._disk.rename(file.path, opened)
        except OSError:
            self._seal_now(file)
            return None
        file.path = opened
        return file

    def _discard(self) -> None:
        with suppress(Empty):
            self._seal_now(self._ready.get_nowait())

    # On the segments' own thread

    def _work(self) -> None:
        try:
            while job := self._jobs.get():
                job()
        finally:
            self._over = True

    def _seal_handed(self, file: SegmentFile) -> None:
        self._took = file.size
        self._seal_now(file)

    def _make_ready(self) -> None:
        room = max(ROOM_LEAST_BYTES, min(self._took * 3 // 2, self._room_most_bytes))
        with suppress(OSError):
            if self._ready.empty():
                self._ready.put(self._make(NEXT, room))
