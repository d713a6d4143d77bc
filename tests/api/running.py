"""The running product as programs meet it: by TCP, with keys of three kinds of people."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from redis import Redis

from gemmaweb.local.folder import Home
from tests.conftest import PASSWORD
from tests.product import Product, wait_until

SLUG = "harbour"
OWNER = "ada@example.org"
SENTENCE = b"The notice period is three months."


class Running:
    """A product whose workspace `harbour` has an owner, a member and a viewer, each with a key, and one file that was read."""

    def __init__(self, home: Path) -> None:
        self.product = Product(home)
        self.keys: dict[str, str] = {}

    def start(self) -> None:
        """Start it, and let the people in."""
        self.product.start()
        manage = self.product.manage
        manage("createadmin", "--email", OWNER, "--password-stdin", given=PASSWORD)
        manage("createworkspace", SLUG, "--owner", OWNER)
        for role in ("member", "viewer"):
            email = f"{role}@example.org"
            manage("createuser", "--email", email, "--password-stdin", "--workspace", SLUG, "--role", role, given=PASSWORD)
            self.keys[role] = manage("createkey", "--user", email, "--workspace", SLUG).strip()
        self.keys["owner"] = manage("createkey", "--user", OWNER, "--workspace", SLUG).strip()
        self._put_file(SLUG, self.keys["owner"])

    def another_workspace(self, slug: str) -> str:
        """The owner's key to a workspace with the same file, that no other test changes."""
        self.product.manage("createworkspace", slug, "--owner", OWNER)
        key = self.product.manage("createkey", "--user", OWNER, "--workspace", slug).strip()
        self._put_file(slug, key)
        return key

    @property
    def address(self) -> str:
        """Where it answers, without a slash at the end."""
        return self.product.address

    def get(self, path: str, role: str = "owner", key: str = "") -> Any:
        """What the API answers to GET."""
        request = urllib.request.Request(f"{self.address}/api/{path}", headers={"Authorization": f"Bearer {key or self.keys[role]}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def forget_tries(self) -> None:
        """Count wrong keys anew: what one test has tried is not the next one's fault."""
        with Redis.from_url(Home(self.product.home).redis_url()) as redis:
            for key in redis.scan_iter("*rate:*"):
                redis.delete(key)

    def log(self, child: str = "web") -> str:
        """All that the process has written so far."""
        return (self.product.home / "logs" / f"{child}.log").read_text()

    def _put_file(self, slug: str, key: str) -> None:
        lease = self.product.home / "lease.txt"
        lease.write_bytes(SENTENCE)
        url = f"{self.address}/api/workspaces/{slug}/documents"
        sent = ("curl", "-sS", "--fail", "-H", f"Authorization: Bearer {key}", "-F", f"file=@{lease}", url)
        subprocess.run(sent, check=True, capture_output=True)
        files = f"workspaces/{slug}/documents"
        wait_until(lambda: self.get(files, key=key)["results"][0]["status"] == "ready", "the file to be read", within_s=60)


def schemathesis(address: str, *options: str) -> subprocess.CompletedProcess[str]:
    """How schemathesis fared with the product at `address`."""
    program = Path(sys.executable).parent / "schemathesis"
    settings = Path(__file__).parent / "fuzzed.toml"
    command = (str(program), "--config-file", str(settings), "run", f"{address}/api/openapi.json", "--no-color", *options)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
