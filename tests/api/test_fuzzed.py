"""Schemathesis asks the running product whatever its document allows, and what it does not: no 5xx, no answer that is not in the document.

The questions are the same each time. FUZZ_EXAMPLES asks for more of them than two cores answer in a minute.
"""

from __future__ import annotations

import os

from tests.api.running import Running, schemathesis

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "2")
# A key that ends itself would end the test.
KEEP_THE_KEY = ("--exclude-operation-id", "revoke_key")


def asked(running: Running, role: str, *options: str) -> None:
    """Have all checks made as `role`; web is the same process afterwards, and nothing went wrong that it had not foreseen."""
    running.forget_tries()
    web = running.product.pid_of("web")
    come_in = ("-H", f"Authorization: Bearer {running.keys[role]}", *KEEP_THE_KEY) if role else ()
    done = schemathesis(running.address, "--checks", "all", "-n", EXAMPLES, *come_in, *options)
    assert done.returncode == 0, done.stdout
    assert "API Operations" in done.stdout
    assert running.product.pid_of("web") == web
    assert "Traceback" not in running.log()


def test_a_viewer_is_answered_as_the_document_says(running: Running) -> None:
    asked(running, "viewer", "--phases", "examples,coverage,fuzzing")


def test_nobody_is_let_in_whatever_they_ask(running: Running) -> None:
    asked(running, "", "--phases", "coverage")


def test_what_a_member_makes_can_be_used_and_ended(running: Running) -> None:
    # The other two have tried wrong keys: more of them within a minute are rightly refused as too many.
    asked(running, "member", "--phases", "examples,stateful", "--exclude-checks", "ignored_auth")
