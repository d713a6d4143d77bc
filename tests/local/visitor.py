"""A person at a running installation, without a browser: pages by HTTP, with their cookies and forms."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

from tests.product import Product, wait_until


class Visitor:
    """Signed in from `with` to its end."""

    def __init__(self, product: Product, email: str, password: str) -> None:
        self._http = httpx.Client(base_url=product.address, timeout=60, headers={"accept": "text/html"})
        self._details = {"login": email, "password": password}

    def __enter__(self) -> Visitor:
        self._http.get("/accounts/login/")
        assert self.post("/accounts/login/", self._details).status_code == httpx.codes.FOUND
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    @property
    def cookies(self) -> httpx.Cookies:
        """What the browser keeps."""
        return self._http.cookies

    def get(self, path: str) -> httpx.Response:
        """The page, whatever its status."""
        return self._http.get(path)

    def post(self, path: str, form: dict[str, str]) -> httpx.Response:
        """What the form is answered with."""
        return self._http.post(path, data=form, headers=self._proof())

    def send(self, path: str, body: dict[str, Any]) -> Any:
        """What the API answers to `body`; it must take it."""
        reply = self._http.post(path, json=body, headers={**self._proof(), "accept": "application/json"})
        assert reply.is_success, reply.text
        return reply.json()

    def read(self, path: str) -> Any:
        """What the API says; it must say it."""
        reply = self._http.get(path, headers={"accept": "application/json"})
        assert reply.is_success, reply.text
        return reply.json()

    def upload(self, workspace: str, name: str, content: bytes) -> dict[str, Any]:
        """The document that the file has become, read to its end."""
        path = f"/api/workspaces/{workspace}/documents"
        reply = self._http.post(path, files={"file": (name, content)}, headers=self._proof())
        assert reply.is_success, reply.text
        document = f"{path}/{reply.json()['id']}"
        wait_until(lambda: self.read(document)["status"] in {"ready", "failed"}, f"{name} to be read", within_s=60)
        found: dict[str, Any] = self.read(document)
        return found

    def ask(self, conversation: str, text: str) -> dict[str, Any]:
        """The answer to the question, written to its end."""
        path = f"/api/conversations/{conversation}/messages"
        self.send(path, {"text": text})
        wait_until(lambda: self.read(path)["messages"][-1]["status"] not in {"queued", "running"}, "the answer", within_s=60)
        answer: dict[str, Any] = self.read(path)["messages"][-1]
        return answer

    def _proof(self) -> dict[str, str]:
        return {"X-CSRFToken": self._http.cookies["gemmaweb_csrf"], "Origin": str(self._http.base_url).rstrip("/")}
