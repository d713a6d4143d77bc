"""Local mode: everything that `manage.py up` runs, from one folder. Free of Django, so that settings and tests may import it."""
