"""`python -m services.scoring api|worker|all|migrate|replay|republish|redrive`."""

from __future__ import annotations

import sys

from services.scoring.app import SERVICE, build, run_migrations
from services.scoring.commands import COMMANDS
from shared.http.serve import run_service

if __name__ == "__main__":
    sys.exit(run_service(SERVICE, build=build, migrate=run_migrations, commands=COMMANDS))
