"""Why a model could not be had: each a code, numbers and names, and a sentence that is made of them in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from apps.core.errors import ProductError


class DownloadFailed(ProductError):
    """The base; `details` fill in the sentence. Rows keep code and details."""

    code = "download_failed"
    status = 503
    sentence: object = _("The download has failed. Try again.")

    def __init__(self, **details: Any) -> None:
        super().__init__()
        self.details = details

    def __str__(self) -> str:
        return sentence_of(self.code, self.details)


class HubOffline(DownloadFailed):
    """The operator wants nothing to be fetched."""

    code = "hub_offline"
    status = 409
    sentence = _("Nothing is fetched here: HF_HUB_OFFLINE is set. Bring the file to this machine, and add it by manage.py models add.")


class HubUnreachable(DownloadFailed):
    """No connection, or none that said a word."""

    code = "hub_unreachable"
    sentence = _("%(host)s cannot be reached. Nothing was changed; try again when this machine has a connection.")


class ProxyRefused(DownloadFailed):
    """The proxy opens no tunnel."""

    code = "proxy_refused"
    sentence = _(
        "The proxy %(proxy)s does not let this machine through to %(host)s (status %(status)s). "
        "Put that right in HTTPS_PROXY or at the proxy, or name %(host)s in NO_PROXY."
    )


class ProxyUnusable(DownloadFailed):
    """HTTPS_PROXY is no address of a proxy that we can ask."""

    code = "proxy_unusable"
    sentence = _("HTTPS_PROXY cannot be used: %(why)s. Set it to http://host:port, or leave it empty, and start Gemmaweb again.")


class HubRefused(DownloadFailed):
    """The hub answers 401 or 403."""

    code = "hub_refused"
    sentence = _(
        "%(host)s does not give this file to everybody. Accept the licence on the page of %(repository)s, "
        "put a token of that account into HF_TOKEN, and start Gemmaweb again."
    )


class HubMissing(DownloadFailed):
    """The hub answers 404 or 410."""

    code = "hub_missing"
    sentence = _("%(host)s does not have this file. Name another mirror in HF_ENDPOINT, or take another model.")


class HubFailed(DownloadFailed):
    """The hub answers something else."""

    code = "hub_failed"
    sentence = _("%(host)s has a problem of its own (status %(status)s). Try again later.")


class CutOff(DownloadFailed):
    """The connection broke off again and again."""

    code = "cut_off"
    sentence = _("The connection to %(host)s broke off again and again. What came is kept: go on later.")


class WrongLength(DownloadFailed):
    """The hub offers a file that is longer or shorter."""

    code = "wrong_length"
    sentence = _(
        "%(host)s sends another file than the one that was checked: its length is wrong. Nothing of it was kept; name another mirror."
    )


class WrongBytes(DownloadFailed):
    """All bytes came, and their sum is another."""

    code = "wrong_bytes"
    sentence = _(
        "%(host)s sent another file than the one that was checked: its SHA-256 is wrong. It was deleted; try again, or name another mirror."
    )


class NoSpace(DownloadFailed):
    """The disk is too full."""

    code = "no_space"
    status = 503
    sentence = _("%(needed_bytes)s more are needed on the disk of models, and %(free_bytes)s are free. Make room, then go on.")


class DiskTrouble(DownloadFailed):
    """The folder of models cannot be written."""

    code = "disk_trouble"
    status = 503
    sentence = _("The folder of models cannot be used (%(why)s). Put that right, then go on.")


class DoesNotWork(DownloadFailed):
    """The file is the right one, and it does not work on this machine."""

    code = "does_not_work"
    status = 422
    sentence = _("%(why)s The file came whole, but does not work here.")


class WorkerDied(DownloadFailed):
    """Trying it ended the worker three times."""

    code = "worker_died"
    sentence = _("Getting this model ended its worker three times. Look at the logs, or take a smaller model.")


class NotInCatalogue(DownloadFailed):
    """Another version has another catalogue."""

    code = "not_in_catalogue"
    status = 404
    sentence = _("This model is not in the catalogue any more. Take another one.")


def sentence_of(code: str, details: Mapping[str, Any]) -> str:
    """The sentence of a failure, in the language of now; sizes as people read them."""
    known: dict[str, type[DownloadFailed]] = {each.code: each for each in DownloadFailed.__subclasses__()}
    said = {name: filesizeformat(value) if name.endswith("_bytes") else value for name, value in details.items()}
    return str(known.get(code, DownloadFailed).sentence) % said
