"""`manage.py models`: which local models there are, and which one answers. Takes effect at the next question, without a restart."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.models import Prefetch

from apps.core.errors import ProductError
from apps.inference import adding, downloader, downloads, drafting, finder_use, keeping, servers, services
from apps.inference.catalogue import ALONE, Role, find_entry, offered
from apps.inference.engines.older_files import FAMILIES
from apps.inference.fit_table import fit_table
from apps.inference.models import Download, EngineServer, InstalledModel
from apps.inference.offering import state_words

USED_AS = ("chat", "embed", "rerank")
LOOK_S = 0.25
HANGS_UP_S = 3.0


class Command(BaseCommand):
    help = (
        "Get a model, add a file of one's own, tell whether it fits, choose the one that answers, list them, read them again, remove them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, parser_class=argparse.ArgumentParser)
        actions.add_parser("list", help="Show the models that are here (the one in use is marked by a star), and those that can be had.")
        pull = actions.add_parser("pull", help="Get a model of the catalogue; what came before is gone on with.")
        pull.add_argument("name")
        add = actions.add_parser("add", help="Check a model file and offer it; the file stays where it is.")
        add.add_argument("file", type=Path)
        add.add_argument("--name", default="", help="what the model is called here (default: what the file says)")
        add.add_argument("--role", choices=InstalledModel.Role.values, default="chat", help="what it is for (default: chat)")
        add.add_argument("--engine", choices=InstalledModel.Engine.values, default="", help="what runs it (default: llama for GGUF files)")
        add.add_argument("--base", default="", help="the model of an adapter, a projector or a drafter (default: the only one)")
        add.add_argument("--projector", type=Path, help="the file by which the model sees images")
        add.add_argument("--type", dest="family", default="", help=f"what an older file does not say: one of {', '.join(FAMILIES)}")
        use = actions.add_parser("use", help=f"Answer, or find passages, with this model; `{services.NO_MODEL}` answers with none.")
        use.add_argument("name")
        use.add_argument("--role", choices=USED_AS, default="", help="what it is meant for: another one's name is refused then")
        leave = actions.add_parser("leave", help="Find passages without this embedder or reranker from now on.")
        leave.add_argument("name")
        fits = actions.add_parser("fit", help="Show how much memory models need here, and which setting of them fits.")
        fits.add_argument("name", nargs="?", default="")
        connect = actions.add_parser("connect", help="Offer a model of an OpenAI-compatible server on your network.")
        connect.add_argument("url")
        connect.add_argument("--model", default="", help="what the server calls it (default: its only one)")
        connect.add_argument("--name", default="", help="what it is called here; under a known name the server shares its work")
        connect.add_argument("--key-stdin", action="store_true", help="read the server's key from standard input")
        actions.add_parser("back", help="Answer with the model that was in use before.")
        verify = actions.add_parser("verify", help="Read a model's file again, or all of them, and say which are changed.")
        verify.add_argument("name", nargs="?", default="")
        draft = actions.add_parser("draft", help="Have a drafter guess its model's next words, or no more.")
        draft.add_argument("name")
        draft.add_argument("--off", action="store_true")
        remove = actions.add_parser("remove", help="Forget a model; its file is deleted only if it was fetched by `pull` or on the page.")
        remove.add_argument("name")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, action)(options)
        except ProductError as error:
            raise CommandError(str(error)) from error

    def list(self, options: dict[str, Any]) -> None:
        by_name = InstalledModel.objects.order_by("name")
        installed = list(by_name.prefetch_related(Prefetch("parts", by_name)))
        for model in installed:
            if not model.base_id:
                self._list_model(model)
        for server in EngineServer.objects.select_related("remote").order_by("remote__name", "added_at"):
            star = "*" if server.remote.is_active else " "
            self.stdout.write(f"{star} {server.remote.name}  {server.model}  {server.url}")
        self.stdout.write("\nTo be had by `manage.py models pull NAME`:")
        for entry in offered({model.catalogue_key for model in installed}):
            self.stdout.write(f"  {entry.key}  {gigabytes(entry.size_bytes)}  {entry.licence}  {entry.good_for}")

    def _list_model(self, model: InstalledModel, indent: str = "") -> None:
        """A line for the model, and one for each that belongs to it."""
        star = "*" if model.is_active else " "
        facts = (model.name, model.architecture, model.quantisation, model.engine, gigabytes(model.size_bytes), model.place)
        self.stdout.write(f"{star} {indent}{'  '.join(map(str, facts))}")
        for part in model.parts.all() if not indent else ():
            self._list_model(part, indent="  ")

    def pull(self, options: dict[str, Any]) -> None:
        """Fetch it here, where no worker has begun already; else look on."""
        downloads.sweep()  # there may be no worker that does
        asked = downloads.ask_for(name=options["name"], wakes_worker=False)
        mine = downloads.claim(asked.key)
        fetching = Fetching(mine) if mine else None
        if fetching:
            fetching.start()
        try:
            ended = self._follow(asked.key, fetching)
        except KeyboardInterrupt:
            downloads.stop(key=asked.key)
            if fetching:
                fetching.join(HANGS_UP_S)
            raise CommandError("Stopped. What came is kept: the same command goes on.") from None
        if ended is None or ended.status != Download.Status.DONE:
            raise CommandError(ended.reason or state_words(ended) if ended else "It was thrown away meanwhile.")
        self.stdout.write(f"It is here. {self._next_step(asked.key)}".rstrip())

    def _next_step(self, key: str) -> str:
        """What can be done with what was got; empty for a projector, which its model has by now."""
        entry = find_entry(key)
        if entry and entry.role == Role.DRAFTER:
            return f"It is off until you turn it on by: manage.py models draft {key}"
        return f"Use it by: manage.py models use {key}" if entry is None or entry.role in ALONE else ""

    def add(self, options: dict[str, Any]) -> None:
        names = {name: options[name] for name in ("name", "role", "engine", "family", "base")}
        model = adding.add_file(path=options["file"], **names)
        self._tell_added(model)
        if options["projector"]:
            self._tell_added(adding.add_file(path=options["projector"], base=model.name))

    def _tell_added(self, model: InstalledModel) -> None:
        if model.role == InstalledModel.Role.PROJECTOR:
            self.stdout.write(f"Added {model.name}: {model.base} sees images by it.")
            return
        if model.role == InstalledModel.Role.DRAFTER:
            self.stdout.write(f"Added {model.name}. Turn it on by: manage.py models draft {model.name!r}")
            return
        on_what = f" on {model.base.name}" if model.base else ""
        self.stdout.write(f"Added {model.name}{on_what}. Use it by: manage.py models use {model.name!r}")

    def use(self, options: dict[str, Any]) -> None:
        if options["role"] not in ("", *roles_of(options["name"])):
            raise CommandError(f"{options['name']} is no model for the role {options['role']}. See: manage.py models list")
        if finder_use.is_finder(options["name"]):
            finder_use.use_finder(options["name"])
            self.stdout.write(f"Passages are found with {options['name']} now.")
            return
        if options["name"] == services.NO_MODEL:
            services.use_no_model()
        elif not servers.use_remote(options["name"]):
            services.use_model(options["name"])
        self.stdout.write(f"Answers come from {options['name']} now.")

    def leave(self, options: dict[str, Any]) -> None:
        finder_use.leave_finder(options["name"])
        self.stdout.write(f"Passages are found without {options['name']} now.")

    def fit(self, options: dict[str, Any]) -> None:
        for line in fit_table(options["name"]):
            self.stdout.write(line)

    def connect(self, options: dict[str, Any]) -> None:
        key = sys.stdin.readline().strip() if options["key_stdin"] else ""
        server = servers.connect_server(url=options["url"], model=options["model"], name=options["name"], key=key)
        self.stdout.write(f"Connected {server.remote.name}. Answer with it by: manage.py models use {server.remote.name!r}")

    def back(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"Answers come from {services.use_model_before().name} again.")

    def verify(self, options: dict[str, Any]) -> None:
        wanted = InstalledModel.objects.called(options["name"]) if options["name"] else InstalledModel.objects.order_by("name")
        if options["name"] and not wanted:
            raise services.NoSuchModel
        changed = [model.name for model in wanted if not self._is_good(model)]
        if changed:
            raise CommandError(f"Not what was checked: {', '.join(changed)}.")

    def draft(self, options: dict[str, Any]) -> None:
        drafter = drafting.switch(options["name"], is_on=not options["off"])
        self.stdout.write(f"{drafter.name} guesses {'no more' if options['off'] else 'from the next question on'}.")

    def remove(self, options: dict[str, Any]) -> None:
        model = keeping.remove(options["name"])
        end = "its file was deleted" if model.is_ours else f"its file stays at {model.place}"
        self.stdout.write(f"Removed {model.name}; {end}.")

    def _is_good(self, model: InstalledModel) -> bool:
        is_good = keeping.verify(model)
        model.refresh_from_db()
        self.stdout.write(f"{model.name}: {'as it was' if is_good else model.trouble}")
        return is_good

    def _follow(self, key: str, fetching: Fetching | None) -> Download | None:
        """The download once it has ended; None where somebody threw it away. On the way its state is written, on one line of a terminal."""
        said = ""
        while (download := Download.objects.filter(key=key).first()) and download.is_unfinished:
            if fetching and fetching.has_failed():
                raise CommandError("It broke off. The same command goes on.")
            words = state_words(download)
            if words != said and self.stdout.isatty():
                self.stdout.write(f"\r\033[K{words}", ending="")
                self.stdout.flush()
            said = words
            time.sleep(LOOK_S)
        if self.stdout.isatty():
            self.stdout.write("")
        return download


def roles_of(name: str) -> list[str]:
    """What the model of this name is for; a server's model, or none, answers."""
    return [*InstalledModel.objects.called(name).values_list("role", flat=True)] or [InstalledModel.Role.CHAT]


class Fetching(threading.Thread):
    """The download, in this process, while its terminal is kept informed."""

    def __init__(self, download: Download) -> None:
        super().__init__(name="download", daemon=True)
        self._download = download

    def run(self) -> None:
        """Get it."""
        try:
            downloader.run(self._download)
        finally:
            connection.close()

    def has_failed(self) -> bool:
        """Whether it ended without a word in the row: the database was away."""
        return not self.is_alive() and Download.objects.owned(self._download).exists()


def gigabytes(size_bytes: int) -> str:
    """The size as shops and hubs write it."""
    return f"{size_bytes / 1e9:.1f} GB"
