"""Makes processes with a job runner for a test that kills them: ``python job_worker.py URL DATA_DIR FUNCTIONS LEASE``.

It imports and builds once, then forks one process for each line that it reads, and answers with its number.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from crm_core.db.engine import open_database
from crm_core.job.runner import Runner
from crm_core.plugin.contributions import Job
from crm_core.runtime import Crm, build
from crm_core.testing.database import settings_for
from crm_core.text import messages

_ = messages("core")


def prepare(url: str, folder: str) -> Crm:
    """The program, without an open connection."""
    database = open_database(url)
    crm = build(settings_for(url, Path(folder)), database)
    database.dispose()
    kinds = [
        Job(id=f"test.{name}", label=_("Test"), target=f"job_functions:{name}", max_attempts=100)
        for name in ("once", "chunks")
    ]
    return replace(crm, contributions={**crm.contributions, Job: tuple(kinds)})


def work(crm: Crm, url: str, lease_seconds: float) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    crm = replace(crm, database=open_database(url))
    Runner(lambda: crm, lease_seconds=lease_seconds, poll_seconds=0.05).run()


if __name__ == "__main__":
    address, data_dir, functions, lease = sys.argv[1:]
    sys.path.insert(0, functions)
    importlib.import_module("job_functions")  # for all that are forked

    program = prepare(address, data_dir)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _line in sys.stdin:
        # There is no thread yet, so a fork is safe; it takes milliseconds where a new process takes seconds.
        child = os.fork()
        if not child:
            work(program, address, float(lease))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
