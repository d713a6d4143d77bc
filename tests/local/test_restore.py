"""An installation comes back from its backup: people, conversations, files, citations, and the same answers to twenty questions."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from gemmaweb.backup.archive import verify
from gemmaweb.local import swap
from gemmaweb.local.database import open_database
from gemmaweb.local.folder import REPOSITORY, Home
from tests.conftest import PASSWORD
from tests.documents.files import pdf
from tests.local.driver import manage, settings_of
from tests.local.visitor import Visitor
from tests.product import Product

ADA, BOB = "ada@example.org", "bob@example.org"
BERTHS = ("north", "south", "east", "west", "inner", "outer", "long", "old", "new", "third")
QUESTIONS = [f"How deep is the water at the {berth} berth?" for berth in BERTHS] + [
    f"Who looks after the {berth} berth?" for berth in BERTHS
]
TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND relname NOT IN ('django_session', 'accounts_session', 'accounts_resetlink', 'audit_event', 'django_migrations') ORDER BY relname
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that every account may enter."""
    made = Path(tempfile.mkdtemp(prefix="gemmaweb-restore-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def product(folder: Path) -> Iterator[Product]:
    """A running installation in which Ada and Bob have worked."""
    running = Product(folder / "first")
    running.start()
    running.manage("createadmin", "--email", ADA, "--password-stdin", given=PASSWORD)
    running.manage("createuser", "--email", BOB, "--password-stdin", "--workspace", "team", given=PASSWORD)
    with Visitor(running, ADA, PASSWORD) as ada:
        for number, berth in enumerate(BERTHS):
            text = f"The water at the {berth} berth is {number + 3} metres deep. Keeper {number + 20} looks after the {berth} berth."
            ada.upload("team", f"{berth}.txt", text.encode())
        ada.upload("team", "plan.pdf", pdf("The plan of the harbour was drawn in 1921."))
        talk = ada.send("/api/workspaces/team/conversations", {"title": "Berths"})["id"]
        for question in QUESTIONS[:2]:
            assert ada.ask(talk, question)["citations"]
    yield running
    running.stop()


@pytest.fixture(scope="module")
def key(product: Product) -> str:
    """Bob's key for programs."""
    return product.manage("createkey", "--user", BOB, "--workspace", "team").strip()


def as_a_program(product: Product, key: str, path: str, **body: object) -> Any:
    """What the API answers to a key."""
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{product.address}{path}"
    reply = httpx.post(url, json=body, headers=headers, timeout=60) if body else httpx.get(url, headers=headers, timeout=60)
    assert reply.is_success, reply.text
    return reply.json()


def told(product: Product, key: str) -> dict[str, Any]:
    """What people and programs get to see of an installation."""
    with Visitor(product, ADA, PASSWORD) as ada:
        documents = ada.read("/api/workspaces/team/documents?limit=100")["results"]
        talks = ada.read("/api/workspaces/team/conversations")["results"]
        return {
            "documents": documents,
            "originals": {one["id"]: hashlib.sha256(ada.get(f"/d/{one['id']}/original/").content).hexdigest() for one in documents},
            "talks": talks,
            "messages": [ada.read(f"/api/conversations/{talk['id']}/messages") for talk in talks],
            "answers": [as_a_program(product, key, "/api/workspaces/team/search", query=question) for question in QUESTIONS],
        }


def rows(home: Home) -> dict[str, str]:
    """A checksum of each table, vectors and all; the database must be running."""
    found = {}
    with psycopg.connect(home.database_url()) as connection:
        for (name,) in connection.execute(TABLES).fetchall():
            digest = hashlib.sha256()
            query = sql.SQL("COPY (SELECT * FROM {} ORDER BY 1, 2) TO STDOUT").format(sql.Identifier(name))
            with connection.cursor().copy(query) as copy:
                for block in copy:
                    digest.update(bytes(block))
            found[name] = digest.hexdigest()
    return found


@pytest.fixture(scope="module")
def backup(product: Product, key: str, folder: Path) -> Path:
    """Taken while everything was quiet, and verified by restoring it."""
    said = product.manage("backup", str(folder / "backup.gemmaweb"), "--verify")
    assert said.splitlines()[-1].startswith("Verified by restore: 2 people, 3 workspaces, 1 conversations, 4 messages, ")
    return folder / "backup.gemmaweb"


@pytest.fixture(scope="module")
def restored(product: Product, backup: Path, folder: Path) -> Iterator[Product]:
    """The second installation, made of the backup of the first."""
    done = manage(Home(folder / "second"), "restore", str(backup), "--secrets", f"{backup}.secrets")
    assert done.returncode == 0, done.stderr
    running = Product(folder / "second")
    running.start()
    yield running
    running.stop()


def test_it_tells_the_same(product: Product, restored: Product, key: str) -> None:
    before, after = told(product, key), told(restored, key)
    assert len(before["answers"]) == 20
    assert all(answer["results"] for answer in before["answers"])
    assert len(before["originals"]) == 11
    assert any(message["citations"] for message in before["messages"][0]["messages"])
    for part, said in before.items():
        assert after[part] == said, part


def test_its_tables_are_the_same(product: Product, restored: Product) -> None:
    before = rows(Home(product.home))
    after = rows(Home(restored.home))
    changes_by_use = {"accounts_user", "workspaces_apikey", "documents_readingline"}  # when somebody was last here
    assert len(before) > 25
    assert {name: one for name, one in before.items() if after.get(name) != one}.keys() <= changes_by_use


def test_it_goes_on_from_there(restored: Product) -> None:
    with Visitor(restored, BOB, PASSWORD) as bob:
        bob.upload("team", "crane.txt", b"The crane lifts forty tonnes.")
        talk = bob.send("/api/workspaces/team/conversations", {"title": "Crane"})["id"]
        assert "forty tonnes" in bob.ask(talk, "How much does the crane lift?")["text"]


def test_sessions_end_and_secrets_come_along(product: Product, restored: Product) -> None:
    with Visitor(product, ADA, PASSWORD) as ada:
        cookies = dict(ada.cookies)
    assert httpx.get(f"{product.address}/me/", cookies=cookies).status_code == 200
    assert httpx.get(f"{restored.address}/me/", cookies=cookies).status_code == 302
    first, second = Home(product.home), Home(restored.home)
    assert first.read_secret("secret_key") == second.read_secret("secret_key")
    assert first.read_secret("postgres") != second.read_secret("postgres")


def test_a_backup_under_load_is_of_one_moment(product: Product, key: str, folder: Path) -> None:
    """Three ask and two upload while it is taken; what comes back holds together."""
    is_over = False

    def work(person: str, number: int) -> None:
        with Visitor(product, person, PASSWORD) as visitor:
            talk = visitor.send("/api/workspaces/team/conversations", {"title": f"Load {number}"})["id"]
            done = 0
            while not is_over:
                done += 1
                if number % 2:
                    visitor.upload("team", f"load-{number}-{done}.txt", f"Ship {number}.{done} has {done} masts.".encode())
                else:
                    visitor.ask(talk, QUESTIONS[done % 20])

    with ThreadPoolExecutor(5) as pool:
        working = [pool.submit(work, person, number) for number, person in enumerate((ADA, BOB, ADA, BOB, ADA))]
        try:
            product.manage("backup", str(folder / "loaded.gemmaweb"))
        finally:
            is_over = True
        for one in working:
            one.result(120)
    manifest = verify(folder / "loaded.gemmaweb")
    assert manifest.files_missing == []
    assert manifest.tables["chat_message"].rows == 2 * manifest.tables["chat_generation"].rows
    done = manage(Home(folder / "third"), "restore", str(folder / "loaded.gemmaweb"))
    assert done.returncode == 0, done.stderr
    home = Home(folder / "third")
    files = sum(path.is_file() for path in home.files.rglob("*"))
    assert files == manifest.tables["documents_documentversion"].rows
    with open_database(home), psycopg.connect(home.database_url()) as connection:
        ready = "SELECT count(*) FROM documents_documentversion WHERE status = 'ready'"
        indexed = "SELECT count(DISTINCT version_id) FROM documents_chunk"
        assert connection.execute(ready).fetchone() == connection.execute(indexed).fetchone()


def test_a_stopped_one_is_backed_up_too(backup: Path, folder: Path) -> None:
    home = Home(folder / "stopped")
    assert manage(home, "restore", str(backup)).returncode == 0
    done = manage(home, "backup", str(folder / "stopped.gemmaweb"), "--without-secrets")
    assert done.returncode == 0, done.stderr
    first, second = verify(backup).tables, verify(folder / "stopped.gemmaweb").tables
    assert {name for name in first if first[name] != second[name]} == {"audit_event"}
    assert list(home.run.iterdir()) == [], "nothing says that it runs"


@pytest.fixture(scope="module")
def used(backup: Path, folder: Path) -> Home:
    """A home with data, stopped."""
    home = Home(folder / "used")
    assert manage(home, "restore", str(backup)).returncode == 0
    return home


def content(home: Home) -> dict[str, bytes]:
    """Everything in a home but what each command leaves: its logs."""
    paths = (path for path in home.path.rglob("*") if path.is_file() and "logs" not in path.parts)
    return {str(path.relative_to(home.path)): path.read_bytes() for path in paths}


def spoil(backup: Path, folder: Path, how: str) -> list[str]:
    """The command line of a restore that is to be refused."""
    copy, whole = folder / f"spoiled-{how}", backup.read_bytes()
    changes = {"cut": whole[: len(whole) // 2], "changed": whole.replace(b"berth", b"perth", 1), "empty": b""}
    copy.write_bytes(changes.get(how, whole))
    wrong = folder / "wrong.secrets"
    wrong.write_text('{"format": 1, "backup": "another", "secrets": {}}')
    more = {"there": [], "secrets": ["--replace", "--secrets", str(wrong)]}
    return ["restore", str(copy), *more.get(how, ["--replace"])]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("cut", "no whole backup"),
        ("changed", "is damaged"),
        ("empty", "no whole backup"),
        ("there", "There are data here already: --replace sets them aside"),
        ("secrets", "belongs to another backup"),
    ],
)
def test_what_is_refused_changes_nothing(backup: Path, folder: Path, used: Home, how: str, sentence: str) -> None:
    before = content(used)
    done = manage(used, *spoil(backup, folder, how))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert content(used) == before


def test_a_running_one_is_not_replaced(product: Product, backup: Path) -> None:
    done = manage(Home(product.home), "restore", str(backup), "--replace")
    assert done.returncode == 2
    assert done.stderr == f"Gemmaweb already runs on this folder, at {product.address}/\n"


def name_of_ada(home: Home, change: str = "") -> str:
    """What Ada is called in a stopped installation, and is to be called from now on."""
    with open_database(home), psycopg.connect(home.database_url()) as connection:
        row = connection.execute("SELECT name FROM accounts_user WHERE email LIKE 'ada%'").fetchone()
        if change:
            connection.execute("UPDATE accounts_user SET name = %s WHERE email LIKE 'ada%%'", [change])
    assert row is not None
    return str(row[0])


def test_wherever_it_is_killed_the_old_or_the_new_is_there(backup: Path, used: Home) -> None:
    """Ada was renamed since the backup was taken: her name says which of both it is."""
    command = [sys.executable, "manage.py", "restore", str(backup), "--replace"]
    for after_s in (0.5, 1.5, 3, 5, 8):
        name_of_ada(used, change="Since then")
        restoring = subprocess.Popen(command, cwd=REPOSITORY, env=settings_of(used), stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(after_s)
        os.killpg(restoring.pid, signal.SIGKILL)
        restoring.wait()
        swap.finish(used)  # as the next start does
        assert name_of_ada(used) in {"Ada", "Since then"}
    done = manage(used, "restore", str(backup), "--replace")
    assert done.returncode == 0, done.stderr
    assert name_of_ada(used) == "Ada"


def test_a_database_elsewhere_is_restored_in_one_go(product: Product, backup: Path, folder: Path) -> None:
    """Into an empty one; and over that, after a copy of it was kept."""
    with psycopg.connect(Home(product.home).database_url(), autocommit=True) as server:
        server.execute("CREATE DATABASE elsewhere")
    outside = {"DATABASE_URL": Home(product.home).database_url().replace("/gemmaweb?", "/elsewhere?")}
    home = Home(folder / "outside")
    done = manage(home, "restore", str(backup), **outside)
    assert done.returncode == 0, done.stderr
    assert sum(path.is_file() for path in home.files.rglob("*")) == 11
    assert manage(home, "restore", str(backup), **outside).returncode == 2
    again = manage(home, "restore", str(backup), "--replace", **outside)
    assert again.returncode == 0, again.stderr
    (kept,) = (home.path / "backups").glob("before-restore-*.gemmaweb")
    assert f"What was in the database is kept in {kept}" in again.stdout
    assert verify(kept).tables["accounts_user"].rows == 2
    taken = manage(home, "backup", str(folder / "outside.gemmaweb"), **outside)
    assert taken.returncode == 0, taken.stderr
