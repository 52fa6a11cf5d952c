"""`python -m services.reporting api|worker|all|migrate`."""

from __future__ import annotations

import sys

from services.reporting.app import SERVICE, build, run_migrations
from shared.http.serve import run_service

if __name__ == "__main__":
    sys.exit(run_service(SERVICE, build=build, migrate=run_migrations))
