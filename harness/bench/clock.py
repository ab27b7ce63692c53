"""Wall time, CPU time of all threads, and peak memory of this process."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Clock:
    """Measures its ``with`` block."""

    def __enter__(self) -> Clock:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wall = time.perf_counter() - self._wall
        self._cpu = time.process_time() - self._cpu

    def told(self) -> dict[str, float]:
        """Seconds of wall and CPU in the block, and the peak memory of the whole process in MB."""
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"wall": self._wall, "cpu": self._cpu, "peak": peak / (2**20 if sys.platform == "darwin" else 2**10)}
