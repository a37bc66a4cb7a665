"""The PostgreSQL server behind `crm_core.testing.pg`: its files, its start, and the guardian that ends it.

The guardian is a process of its own (`python -m crm_core.testing._pg_server FOLDER`). It asks for the lock that every
user of the server shares; it gets it when the last user has gone, in whatever way, and then stops the server and
removes the folder.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["USERS_LOCK", "PostgresqlFailed", "PostgresqlMissing", "find_binaries", "start_guardian", "start_server"]

USERS_LOCK = "users.lock"
"""The file in the folder of a server on which every user holds a shared lock."""

DEBIAN_PACKAGES = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep the server's programs, one folder for each version, all of them outside of PATH."""

START_SECONDS = 60
"""How long a server may take to accept connections; a busy machine with two cores needs some five."""

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Nobody needs the data of a test after a power cut."""


class PostgresqlMissing(Exception):
    """This machine has no PostgreSQL server to start; the text says where it was looked for."""


class PostgresqlFailed(Exception):
    """The server did not start; the text holds what it printed."""


def find_binaries() -> Path:
    """The folder with ``initdb`` and ``pg_ctl``: from PATH, else the newest that Debian's packages install.

    Raises PostgresqlMissing when there is none.
    """
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = [path.parent for path in DEBIAN_PACKAGES.glob("*/bin/initdb")]
    if not found:
        raise PostgresqlMissing(f"PostgreSQL is not installed: no initdb in PATH or in {DEBIAN_PACKAGES}/*/bin")
    return max(found, key=lambda folder: float(folder.parent.name))


def start_server(folder: Path, *, superuser_password: str, durable: bool) -> int:
    """Makes an empty server in ``folder`` and starts it; returns the loopback port on which it answers.

    Strangers on the same machine are kept out by the password. Raises PostgresqlMissing or PostgresqlFailed.
    """
    data, port = folder / "data", _free_port()
    secret = folder / "password"
    secret.write_text(superuser_password, encoding="utf-8")
    _give_to_server_user(folder, secret)
    shutil.rmtree(data, ignore_errors=True)
    _run("initdb", f"--pgdata={data}", f"--pwfile={secret}", *_INITDB)
    secret.unlink()
    options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
    options |= {"max_connections": "200"} | ({} if durable else FAST)
    with (data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.writelines(f"{name} = '{value}'\n" for name, value in options.items())
    log = folder / "server.log"
    try:
        _run("pg_ctl", "start", f"--pgdata={data}", f"--log={log}", "--wait", f"--timeout={START_SECONDS}", "--silent")
    except PostgresqlFailed as failure:
        raise PostgresqlFailed(f"{failure}\n{log.read_text() if log.exists() else ''}") from None
    return port


_INITDB = (
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    # Knows the letters of all languages, sorts by code point, and is the same on every machine.
    "--locale=C.UTF-8",
    "--no-sync",
)


def start_guardian(folder: Path) -> None:
    """Starts the process that ends the server of ``folder`` after its last user; returns when it is on its own."""
    subprocess.run([sys.executable, "-m", __name__, str(folder)], check=True)


def _run(program: str, *arguments: str) -> None:
    """Runs one of PostgreSQL's programs, as the server's user where we are root, because it refuses to run as root."""
    command = [str(find_binaries() / program), *arguments]
    done = subprocess.run(
        command, cwd="/", text=True, stdin=subprocess.DEVNULL, capture_output=True, check=False, **_identity()
    )
    if done.returncode:
        raise PostgresqlFailed(f"{program} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _identity() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = _server_user()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _server_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _give_to_server_user(*paths: Path) -> None:
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, _server_user().pw_uid, _server_user().pw_gid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _guard(folder: Path) -> None:
    with (folder / USERS_LOCK).open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        # When it never started, or a test has killed it, there is nothing to stop, and the folder goes all the same.
        with suppress(PostgresqlFailed):
            _run("pg_ctl", "stop", f"--pgdata={folder / 'data'}", "--mode=immediate", "--silent")
        # Renamed first: whoever comes now begins with an empty folder of the same name.
        shutil.rmtree(folder.rename(folder.with_name(f"{folder.name}-{os.getpid()}")))


def _detach() -> None:
    """Leaves the caller's session and output, and hands the caller its prompt back."""
    if os.fork():
        os._exit(0)
    os.setsid()
    with open(os.devnull, "r+b") as nothing:
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)


if __name__ == "__main__":
    _detach()
    _guard(Path(sys.argv[1]))
