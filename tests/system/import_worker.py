"""A worker that a test starts and kills: ``python import_worker.py DATABASE_URL DATA_DIR CHUNK``."""

from __future__ import annotations

import sys
from pathlib import Path

from crm_core.db.engine import open_database
from crm_core.job.runner import Runner
from crm_core.runtime import build
from crm_core.service.transfer import batch
from crm_core.testing.database import settings_for

if __name__ == "__main__":
    url, folder, chunk = sys.argv[1:]
    batch.CHUNK = int(chunk)
    crm = build(settings_for(url, Path(folder)), open_database(url))
    Runner(lambda: crm, threads=1, lease_seconds=1.0, poll_seconds=0.1).run()
