"""`python -m services.reporting api|worker|all|migrate|verify|rebuild|redrive`."""

from __future__ import annotations

import sys

from services.reporting.app import SERVICE, build, run_migrations
from services.reporting.commands import COMMANDS
from shared.http.serve import run_service

if __name__ == "__main__":
    sys.exit(run_service(SERVICE, build=build, migrate=run_migrations, commands=COMMANDS))
