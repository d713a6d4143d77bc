"""The page of the password and of the browsers in which one is signed in."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Session, User
from apps.audit.models import Event
from tests.conftest import PASSWORD, signed_in

PAGE = {"accept": "text/html"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1"
NEW = "staple battery horse"


def browser(user: User, agent: str, address: str = "192.0.2.7") -> Client:
    """A browser that says it is `agent`, in which `user` has signed in and been here once."""
    client = signed_in(user)
    client.get("/me/", HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    return client


def shown(client: Client) -> str:
    """The text of the page without its layout."""
    return re.sub(r"\s+", " ", client.get("/me/security/", headers=PAGE).content.decode())


def id_of(client: Client) -> str:
    """What the page calls this browser's session."""
    return str(Session.objects.get(session_key=client.session.session_key).id)


def test_it_lists_ones_browsers_in_words(alice: User) -> None:
    here = browser(alice, FIREFOX)
    browser(alice, IPHONE, "2001:db8::7")
    page = shown(here)
    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    assert "192.0.2.7" in page
    assert "2001:db8::7" in page
    assert page.count("This one") == 1
    assert "here a moment ago" in page


def test_it_says_when_one_was_last_here(alice: User) -> None:
    here, there = browser(alice, FIREFOX), browser(alice, IPHONE)
    Session.objects.filter(id=id_of(there)).update(seen_at=timezone.now() - timedelta(hours=3, minutes=5))
    assert "last here 3 hours, 5 minutes ago" in shown(here)


def test_a_browser_that_was_never_here_is_listed(alice: User) -> None:
    signed_in(alice)
    assert "not seen yet" in shown(browser(alice, FIREFOX))


def test_it_shows_nobody_elses(alice: User, bob: User) -> None:
    browser(bob, IPHONE)
    assert "iPhone" not in shown(browser(alice, FIREFOX))


def test_it_shows_no_secret(alice: User) -> None:
    here, there = browser(alice, FIREFOX), browser(alice, IPHONE)
    page = shown(here)
    assert str(there.session.session_key) not in page
    assert str(here.session.session_key) not in page


def test_what_a_browser_says_is_escaped(alice: User) -> None:
    Session.objects.update(browser="<script>")
    assert "<script>alert" not in shown(browser(alice, "<script>alert(1)</script>", "192.0.2.7"))


def test_one_is_ended(alice: User) -> None:
    here, there = browser(alice, FIREFOX), browser(alice, IPHONE)
    assert here.post("/me/security/", {"action": "end", "session": id_of(there)}).headers["Location"] == "/me/security/"
    assert "iPhone" not in shown(here)
    assert there.get("/me/").status_code == 302
    assert Event.objects.filter(action="session.ended", actor=alice).count() == 1


def test_all_others_are_ended(alice: User, bob: User) -> None:
    here, _there, bobs = browser(alice, FIREFOX), browser(alice, IPHONE), browser(bob, IPHONE)
    answer = here.post("/me/security/", {"action": "end_others"}, follow=True)
    assert "You were signed out of 1 other browser." in answer.content.decode()
    assert bobs.get("/me/").status_code == 200
    assert Event.objects.get(action="sessions.ended").details == {"count": 1}


def test_there_is_no_button_where_there_is_nothing_to_end(alice: User) -> None:
    assert "everywhere else" not in shown(browser(alice, FIREFOX))


@pytest.mark.parametrize("session", ["", "x", "00000000-0000-0000-0000-00000000000g", "a\0b"])
def test_a_broken_form_ends_nothing(alice: User, session: str) -> None:
    here = browser(alice, FIREFOX)
    assert here.post("/me/security/", {"action": "end", "session": session}).status_code == 422
    assert here.post("/me/security/", {"action": "end_all"}).status_code == 422
    assert here.post("/me/security/").status_code == 422
    assert here.get("/me/").status_code == 200


def test_a_foreign_one_is_not_found(alice: User, bob: User) -> None:
    here, bobs = browser(alice, FIREFOX), browser(bob, IPHONE)
    for session in (id_of(bobs), str(uuid4())):
        assert here.post("/me/security/", {"action": "end", "session": session}).status_code == 404
    assert bobs.get("/me/").status_code == 200


def test_a_stranger_is_sent_to_the_door(alice: User) -> None:
    assert Client().get("/me/security/").headers["Location"] == "/accounts/login/?next=/me/security/"


def test_the_password_is_changed_from_here_and_leads_back(alice: User) -> None:
    here = browser(alice, FIREFOX)
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    answer = here.post("/accounts/password/change/", fields, follow=True)
    assert answer.redirect_chain == [("/me/security/", 302)]
    assert "Your password was changed. Other browsers were signed out." in answer.content.decode()


def test_a_refused_password_is_shown_with_its_reason(alice: User) -> None:
    fields = {"oldpassword": "wrong", "password1": NEW, "password2": "another"}
    page = browser(alice, FIREFOX).post("/accounts/password/change/", fields, headers=PAGE).content.decode()
    assert page.count("field-errors") >= 2
    assert 'aria-current="page">Password and sessions' in re.sub(r"\s+", " ", page).replace('aria-current="page" >', 'aria-current="page">')
