"""TorchInductor made ready for a subject: a folder of its own, one process, one precision."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from halfulp_backends._arrays import imported

_PREFIX = "halfulp-inductor-"


def configure(*, excess_precision: bool, threads: int) -> None:
    """Set up the compiler before its first use.

    Parameters
    ----------
    excess_precision
        Whether it may keep intermediate results of 16-bit formats in float32, as it does unasked.
    threads
        Threads of compiled code.
    """
    # By default it keeps what it compiled for all programs of a user, and compiles in processes
    # that outlive the call. A subject's first call shall be a first call, and leave nothing behind.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = _own_folder()
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
    settings = imported("torch._inductor.config", "torch.compile")
    settings.cpp.threads = threads
    settings.emulate_precision_casts = not excess_precision


def _own_folder() -> str:
    """Return a new folder that is removed at the end, or by the next subject after a kill."""
    _remove_orphans()
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _remove_orphans() -> None:
    """Remove the folders of this user's subjects that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        made_by = re.match(rf"{_PREFIX}(\d+)-", folder.name)
        if made_by and not Path("/proc", made_by[1]).exists():
            with suppress(OSError):
                if folder.stat().st_uid == os.getuid() and not folder.is_symlink():
                    shutil.rmtree(folder, ignore_errors=True)
