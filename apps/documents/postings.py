"""How terms are stored: numbers of a sparse vector, hashes that carry their workspace, and the near spellings of a word."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from uuid import UUID

from apps.documents.models import TERM_SPACE

NEAR_MIN_CHARS = 4
TWO_MISTAKES_MIN_CHARS = 7


def dimension(term: str) -> int:
    """The dimension, 1 to 999,999,937, that `term` has in every workspace."""
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "big") % TERM_SPACE + 1


def sparse_literal(weights: Mapping[str, float]) -> str:
    """pgvector's text form of a sparse vector; of two terms with one dimension the heavier one stays."""
    by_dimension: dict[int, float] = {}
    for term, weight in weights.items():
        number = dimension(term)
        by_dimension[number] = max(weight, by_dimension.get(number, 0.0))
    inner = ",".join(f"{number}:{weight:.6g}" for number, weight in sorted(by_dimension.items()))
    return f"{{{inner}}}/{TERM_SPACE}"


def salted(workspace: UUID, term: str) -> int:
    """A hash of `term` in `workspace` as an int4: the salt keeps workspaces apart in a GIN index that knows no UUIDs."""
    return int.from_bytes(blake2b(term.encode(), digest_size=4, salt=workspace.bytes).digest(), "big", signed=True)


def near_hashes(workspace: UUID, term: str) -> list[int]:
    """Hashes of `term` and of all it becomes by leaving out one letter: two words a mistake apart share at least one."""
    if len(term) < NEAR_MIN_CHARS or term.isdecimal():
        return []
    spellings = {term} | {term[:at] + term[at + 1 :] for at in range(len(term))}
    return sorted({salted(workspace, spelling) for spelling in spellings})


def mistakes_allowed(term: str) -> int:
    """How many letters may differ for two words to be the same one, mistyped."""
    return 2 if len(term) >= TWO_MISTAKES_MIN_CHARS else 1


def distance(one: str, other: str) -> int:
    """Optimal string alignment distance: letters put in, left out, changed, or swapped with their neighbour."""
    two_rows_up: list[int] = []
    row_up = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            best = min(row_up[j] + 1, row[j - 1] + 1, row_up[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, two_rows_up[j - 2] + 1)
            row.append(best)
        two_rows_up, row_up = row_up, row
    return row_up[-1]
