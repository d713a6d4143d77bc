"""`manage.py models`: which local model answers. Takes effect at the next question, without a restart."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import ProductError
from apps.inference import services
from apps.inference.models import InstalledModel


class Command(BaseCommand):
    """`models add FILE [--name N]`, `models use NAME`, `models list`."""

    help = "Add a model file, choose the one that answers, or list them."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, parser_class=argparse.ArgumentParser)
        add = actions.add_parser("add", help="Check a GGUF file and offer it; the file stays where it is.")
        add.add_argument("file", type=Path)
        add.add_argument("--name", default="", help="what the model is called here (default: what the file says)")
        use = actions.add_parser("use", help=f"Answer with this model from now on; `{services.NO_MODEL}` for none.")
        use.add_argument("name")
        actions.add_parser("list", help="Show the models; the one in use is marked by a star.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        actions = {"add": self.add, "use": self.use, "list": self.list}
        try:
            actions[action](options)
        except ProductError as error:
            raise CommandError(str(error)) from error

    def add(self, options: dict[str, Any]) -> None:
        model = services.add_model(path=options["file"], name=options["name"])
        self.stdout.write(f"Added {model.name}. Answer with it by: manage.py models use {model.name!r}")

    def use(self, options: dict[str, Any]) -> None:
        if options["name"] == services.NO_MODEL:
            services.use_no_model()
        else:
            services.use_model(options["name"])
        self.stdout.write(f"Answers come from {options['name']} now.")

    def list(self, options: dict[str, Any]) -> None:
        for model in InstalledModel.objects.order_by("name"):
            star = "*" if model.is_active else " "
            size = f"{model.size_bytes / 1e9:.1f} GB"
            self.stdout.write(f"{star} {model.name}  {model.architecture}  {model.quantisation}  {size}  {model.path}")
