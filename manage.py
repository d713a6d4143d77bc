#!/usr/bin/env python
"""The door for commands: `manage.py up` runs the whole product, `manage.py help` lists the rest."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gemmaweb.settings")
    execute_from_command_line(sys.argv)
