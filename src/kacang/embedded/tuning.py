"""Settings of the embedded server, given on its command line at each start."""

import os
from pathlib import Path

from kacang.embedded.binaries import Binaries

_MEGABYTE = 1024 * 1024
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
CONNECTIONS_MAX = 100


def memory_megabytes() -> int:
    """Return the memory that we may use: of the machine, or of the container when less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(_CGROUP_LIMIT.read_text())
    except (OSError, ValueError):
        limit = machine
    return min(machine, limit) // _MEGABYTE


def server_settings(binaries: Binaries, *, durable: bool) -> dict[str, str]:
    """Return the settings that fit this machine.

    Args:
        binaries: What will run; a feature is used only when it is compiled in.
        durable: Whether a crash of the machine must not lose what was committed. Without it a
            killed server process still loses nothing.
    """
    memory = memory_megabytes()
    settings = {
        "listen_addresses": "",
        "max_connections": str(CONNECTIONS_MAX),
        "shared_buffers": f"{max(64, min(1024, memory // 4))}MB",
        "effective_cache_size": f"{max(128, memory // 2)}MB",
        "maintenance_work_mem": f"{max(32, min(256, memory // 16))}MB",
        "work_mem": "8MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "synchronous_commit": "on",
        "max_locks_per_transaction": "256",
        "max_parallel_workers_per_gather": str(min(2, (os.cpu_count() or 1) // 2)),
        "autovacuum_naptime": "20s",
        "track_io_timing": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "cluster_name": "kacang",
        # Neither statements nor values go to the log: they may hold what nobody should read there.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_lock_waits": "on",
    }
    if _has_lz4(binaries):
        settings |= {"wal_compression": "lz4", "default_toast_compression": "lz4"}
    if not durable:
        # Thrown away after a test session: two of them side by side have servers of their own,
        # and crowds of threads that all start at once.
        settings |= {
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": str(3 * CONNECTIONS_MAX),
        }
    return settings


def _has_lz4(binaries: Binaries) -> bool:
    return b"LZ4_compress" in Path(binaries.program("postgres")).read_bytes()
