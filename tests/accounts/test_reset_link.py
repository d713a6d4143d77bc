"""Set a password by a link: once, for a day, and in no log."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts import links
from apps.accounts.models import ResetLink, Session, User
from apps.audit.models import Event
from apps.core.tokens import new_token, token_hash
from apps.workspaces.models import Installation
from tests.conftest import PASSWORD, make_person, signed_in

NEW = "staple battery horse"


@pytest.fixture
def token(alice: User, bob: User) -> str:
    """Bob's link, made by Alice."""
    return links.make_link(user=bob, made_by=alice)


def use(client: Client, token: str, password: str = NEW) -> int:
    """The status of the last answer: the link opened and the page filled in."""
    opened = client.get(f"/reset/{token}/")
    return client.post("/reset/", {"password": password}).status_code if opened.status_code == 302 else opened.status_code


def can_sign_in(user: User, password: str) -> bool:
    return User.objects.get(pk=user.pk).check_password(password)


def test_it_sets_a_password_and_signs_in(bob: User, token: str, client: Client) -> None:
    assert client.get(f"/reset/{token}/").headers["Location"] == "/reset/"
    assert client.get("/reset/").context["person"] == bob
    assert client.post("/reset/", {"password": NEW}).headers["Location"] == "/"
    assert can_sign_in(bob, NEW)
    assert client.get("/me/").context["user"] == bob


def test_the_token_is_kept_nowhere(bob: User, token: str, client: Client) -> None:
    client.get(f"/reset/{token}/")
    rows = [*ResetLink.objects.values(), *Event.objects.values(), *(session.get_decoded() for session in Session.objects.all())]
    assert token_hash(token) in str(rows)
    assert token not in str(rows)


def test_looking_at_it_does_not_use_it_up(bob: User, token: str, client: Client) -> None:
    for _ in range(3):
        assert Client().get(f"/reset/{token}/").status_code == 302
    assert use(client, token) == 302


def test_it_works_once(bob: User, token: str, client: Client) -> None:
    use(client, token)
    assert use(Client(), token, "another good password") == 404
    assert client.post("/reset/", {"password": "another good password"}).status_code == 404
    assert can_sign_in(bob, NEW)


def test_a_page_that_was_open_sets_no_second_one(bob: User, token: str, client: Client) -> None:
    late = Client()
    late.get(f"/reset/{token}/")
    use(client, token)
    assert late.post("/reset/", {"password": "another good password"}).status_code == 404
    assert can_sign_in(bob, NEW)


def test_it_works_for_a_day(bob: User, token: str, client: Client) -> None:
    remaining = ResetLink.objects.get().expires_at - timezone.now()
    assert timedelta(hours=23, minutes=59) < remaining <= timedelta(hours=24)
    ResetLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert use(client, token) == 404


def test_who_never_had_a_password_has_a_week(bob: User, alice: User) -> None:
    bob.set_unusable_password()
    links.make_link(user=bob, made_by=alice)
    assert ResetLink.objects.get().expires_at - timezone.now() > timedelta(days=6, hours=23)


def test_a_newer_one_ends_it(alice: User, bob: User, token: str, client: Client) -> None:
    newer = links.make_link(user=bob, made_by=alice)
    assert use(client, token) == 404
    assert use(client, newer) == 302


def test_a_changed_password_ends_it(bob: User, token: str, client: Client) -> None:
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert signed_in(bob).post("/accounts/password/change/", fields).status_code == 302
    assert use(client, token, "another good password") == 404
    assert can_sign_in(bob, NEW)


def test_it_is_nothing_to_who_was_disabled(bob: User, token: str, client: Client) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert use(client, token) == 404
    assert can_sign_in(bob, PASSWORD)


def test_one_persons_link_is_no_one_elses(alice: User, bob: User, token: str, client: Client) -> None:
    alices = links.make_link(user=alice, made_by=None)
    assert use(client, alices) == 302
    assert (can_sign_in(alice, NEW), can_sign_in(bob, PASSWORD)) == (True, True)
    assert use(Client(), token) == 302


def test_it_ends_every_session(bob: User, token: str, client: Client) -> None:
    before = signed_in(bob)
    use(client, token)
    assert before.get("/me/").status_code == 302
    assert Session.objects.filter(user=bob).count() == 1


def test_whoever_was_signed_in_here_is_signed_out(alice: User, bob: User, token: str) -> None:
    browser = signed_in(alice)
    browser.get("/w/harbour/")
    use(browser, token)
    assert browser.get("/me/").context["user"] == bob
    assert "workspace" not in browser.session


@pytest.mark.parametrize("password", ["", "short", "password1234", "bob@example.org", "1234567890"])
def test_a_weak_password_leaves_the_link_open(bob: User, token: str, client: Client, password: str) -> None:
    assert use(client, token, password) == 200
    assert can_sign_in(bob, PASSWORD)
    assert client.post("/reset/", {"password": NEW}).status_code == 302


@pytest.mark.parametrize("field", ["user", "user_id", "email", "is_superuser", "token"])
def test_other_fields_are_not_taken_over(alice: User, bob: User, token: str, client: Client, field: str) -> None:
    client.get(f"/reset/{token}/")
    client.post("/reset/", {"password": NEW, field: str(alice.pk)})
    assert (can_sign_in(alice, PASSWORD), can_sign_in(bob, NEW)) == (True, True)
    assert not User.objects.filter(is_superuser=True).exists()


def test_every_bad_link_is_answered_alike(alice: User, bob: User, token: str) -> None:
    use(Client(), token)
    expired = links.make_link(user=alice, made_by=None)
    ResetLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    bad = [f"/reset/{word}/" for word in (token, expired, new_token(), "null", "%00", "'; DROP TABLE accounts_user; --", "x" * 5000)]
    answers = [Client(headers={"accept": "text/html"}).get(path) for path in [*bad, "/reset/"]]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'data-csrf="[^"]*"', "", answer.content.decode()) for answer in answers}) == 1
    assert "no longer open" in answers[0].content.decode()


def test_guessing_is_slowed_down(alice: User, client: Client) -> None:
    answers = [client.get(f"/reset/guess-{number}/").status_code for number in range(31)]
    assert answers == [404] * 30 + [429]
    assert Client(headers={"X-Forwarded-For": "10.0.0.9"}).get("/reset/guess/").status_code == 429
    assert Client(REMOTE_ADDR="10.0.0.9").get("/reset/guess/").status_code == 404


def test_one_household_of_ipv6_counts_as_one(alice: User) -> None:
    answers = [Client(REMOTE_ADDR=f"2001:db8::{number:x}").get("/reset/guess/").status_code for number in range(31)]
    assert answers[-1] == 429


def test_no_other_page_learns_the_token(token: str, client: Client) -> None:
    assert client.get(f"/reset/{token}/").headers["Referrer-Policy"] == "no-referrer"
    assert token not in client.get("/reset/").content.decode()


def test_it_is_on_record(alice: User, bob: User, token: str, client: Client) -> None:
    use(client, token)
    told = Event.objects.order_by("pk").values_list("action", "actor__email", "target")
    assert list(told) == [
        ("reset_link.made", "alice@example.org", str(bob.pk)),
        ("password.reset", "bob@example.org", str(bob.pk)),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_it_at_once_one_sets_the_password() -> None:
    Installation.objects.create()
    bob = make_person("Bob")
    token, start = links.make_link(user=bob, made_by=None), threading.Barrier(2)

    def set_one(password: str) -> bool:
        start.wait()
        try:
            links.set_password(token_hash=token_hash(token), password=password)
        except links.LinkGone:
            return False
        else:
            return can_sign_in(bob, password)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(set_one, (NEW, "another good password"))) == [False, True]
