#!/usr/bin/env python
"""The door for commands: `manage.py up` runs the whole product, `manage.py help` lists the rest."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from gemmaweb.local.errors import Refused

REFUSED = 2

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gemmaweb.settings")
    try:
        execute_from_command_line(sys.argv)
    except (Refused, ImproperlyConfigured) as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(REFUSED)
