"""A PostgreSQL cluster of our own: own directory, own port, passwords by SCRAM, roles as in production."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg

from deploy.local import accounts, processes
from deploy.local.data_dir import OWNER_ONLY, DataDir
from deploy.local.errors import MissingError, StartError
from deploy.local.ports import LOOPBACK, POSTGRES_PORT
from deploy.local.secret_store import SUPERUSER, Secrets
from shared.postgres.bootstrap import bootstrap_statements

NAME: Final = "postgres"
DATABASE: Final = "tumbuh"
AT_LEAST: Final = 15
READY_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 30.0
TETHER: Final = processes.Tether("QUIT")  # its immediate shutdown: it takes its own children along
REMEDY: Final = "apt-get install -y postgresql"
# Used when the data directory lies where the unprivileged user may not go, as below /root.
SHARED_PLACE: Final = Path("/var/lib/tumbuh")
SOCKET_PATH_LIMIT: Final = 90  # the kernel allows 107 bytes with the file name

SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_min_duration_statement": "5s",
    "jit": "off",
}
# For throw-away clusters: a crash of the machine may cost everything, nobody would miss it.
THROW_AWAY_SETTINGS: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def find_programs() -> Path:
    """The newest installed `bin` folder with PostgreSQL 15 or newer. MissingError tells the remedy."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    fitting = [folder for folder in folders if int(folder.parent.name) >= AT_LEAST]
    if fitting:
        return max(fitting, key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise MissingError(f"PostgreSQL {AT_LEAST} or newer is needed: {REMEDY}")


def home(data: DataDir, user: str | None) -> Path:
    """Where the cluster lives: in the data directory if its user may go there, else below /var/lib/tumbuh."""
    if accounts.can_reach(data.root, user):
        return data.postgres
    return SHARED_PLACE / hashlib.sha256(str(data.root).encode()).hexdigest()[:16]


def start(data: DataDir, ports: Mapping[str, int], secrets: Secrets, *, durable: bool, tethered: bool = False) -> None:
    """Start the cluster unless it runs, making it first if it is not there; `wait_ready` tells when it can be used."""
    if processes.running(data, NAME):
        return
    programs, user = find_programs(), accounts.unprivileged_user()
    place = home(data, user)
    if not (place / "PG_VERSION").exists():
        _make_cluster(programs, place, user, secrets.database[SUPERUSER])
    sockets = str(place) if len(str(place)) <= SOCKET_PATH_LIMIT else ""
    settings = SETTINGS | ({} if durable else THROW_AWAY_SETTINGS)
    settings |= {"port": str(ports[POSTGRES_PORT]), "unix_socket_directories": sockets}
    command = [str(programs / "postgres"), "-D", str(place)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    processes.start(data, NAME, command, user=user, tether=TETHER if tethered else None)


def _make_cluster(programs: Path, place: Path, user: str | None, password: str) -> None:
    place.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    partial = place.with_name(place.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    password_file = partial.with_suffix(".password")
    password_file.unlink(missing_ok=True)
    password_file.touch(OWNER_ONLY)
    password_file.write_text(password, encoding="utf-8")
    for path in (partial, password_file):
        accounts.give(path, user)
    command = [
        str(programs / "initdb"),
        f"--pgdata={partial}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
        "--no-sync",  # the server syncs from its first start on; an unfinished cluster is made again
    ]
    done = subprocess.run(accounts.as_user(user, command), cwd="/", capture_output=True, text=True, check=False)
    password_file.unlink()
    if done.returncode != 0:
        raise StartError(f"PostgreSQL could not make {place}:\n{done.stdout}{done.stderr}")
    partial.rename(place)


def wait_ready(data: DataDir, ports: Mapping[str, int], secrets: Secrets) -> None:
    """Wait until the database with its roles and schemas is there. StartError if the server ends."""
    try:
        asyncio.run(_until_ready(data, ports[POSTGRES_PORT], secrets))
    except TimeoutError:
        tail = processes.log_tail(data, NAME)
        raise StartError(f"PostgreSQL was not ready in {READY_WITHIN_S:.0f} s:\n{tail}") from None


async def _until_ready(data: DataDir, port: int, secrets: Secrets) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while True:
            if processes.running(data, NAME) is None:
                raise StartError(f"PostgreSQL ended:\n{processes.log_tail(data, NAME)}")
            try:
                await bootstrap(port, secrets, DATABASE)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(0.05)
            else:
                return


async def bootstrap(port: int, secrets: Secrets, database: str) -> None:
    """Make `database` with its schemas, roles and passwords; repeatable."""
    server = await connect_superuser(port, secrets, SUPERUSER)
    try:
        if not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            await server.execute(f'CREATE DATABASE "{database}"')
    finally:
        await server.close()
    connection = await connect_superuser(port, secrets, database)
    try:
        async with connection.transaction():
            for statement in bootstrap_statements(secrets.database, database):
                await connection.execute(statement)
    finally:
        await connection.close()


async def connect_superuser(port: int, secrets: Secrets, database: str) -> asyncpg.Connection[asyncpg.Record]:
    """A superuser's connection, for what no service may do."""
    password = secrets.database[SUPERUSER]
    return await asyncpg.connect(host=LOOPBACK, port=port, user=SUPERUSER, password=password, database=database)


def stop(data: DataDir) -> bool:
    """Stop the server with its fast shutdown; True if it ran."""
    return bool(processes.stop(data, [NAME], signal.SIGINT, STOP_WITHIN_S))


def purge(data: DataDir) -> None:
    """Remove the cluster if it lives outside the data directory."""
    place = home(data, accounts.unprivileged_user())
    if place.parent == SHARED_PLACE:
        shutil.rmtree(place, ignore_errors=True)
