"""The segment that a process is writing: begin, add, seal; and let go of it when the disk fails.

May not: be called from the event loop; every method may wait for the disk.

Rule: after an error the file is cut back to the last frame that was synced, and not written again. Why: after a failed
fsync Linux may call the next one good although the pages are lost; what was acknowledged before is safe.
"""

from __future__ import annotations

from gateway.journal.segment_files import SegmentFile, SegmentFiles


class CurrentSegment:
    """At most one open file. Not thread-safe."""

    def __init__(self, files: SegmentFiles, limit_bytes: int) -> None:
        self._files, self._limit_bytes = files, limit_bytes
        self._file: SegmentFile | None = None
        self.serial = 0

    @property
    def holds_frames(self) -> bool:
        """True if there is something to seal."""
        return self._file is not None and self._file.holds_frames

    def begin(self) -> SegmentFile:
        """The segment that is open, a new one if none is: its name and header are durable afterwards."""
        if self._file is None:
            self._file = self._files.begin()
            self.serial += 1
        return self._file

    def add(self, frame: bytes) -> None:
        """A frame, durable when this returns; seals at the size limit.

        Raises OSError: then the frame does not count.
        """
        file = self.begin()
        try:
            self._files.append(file, frame)
        except OSError:
            self._file = None
            self._files.let_go(file)
            raise
        if file.size >= self._limit_bytes:
            self.seal()

    def seal(self) -> None:
        """Hands the segment to the loader; one without frames is removed. On an error it stays behind to be adopted."""
        file, self._file = self._file, None
        if file is not None:
            self._files.seal(file)
