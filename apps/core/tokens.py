"""Secrets that are shown once and stored hashed: they are random, so a plain SHA-256 keeps them."""

from __future__ import annotations

import hashlib
import secrets


def new_token(prefix: str = "") -> str:
    """256 random bits in 43 characters, after `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored, and looked for. Any string has one, broken ones too."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
