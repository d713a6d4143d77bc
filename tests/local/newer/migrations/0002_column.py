import os

from django.db import migrations

STATEMENTS = {"broken": "SELECT 1 / 0", "slow": "SELECT pg_sleep(600)"}


class Migration(migrations.Migration):
    """It fails, as a migration may on data that nobody has thought of; or it takes long."""

    dependencies = [("newer", "0001_table")]
    operations = [migrations.RunSQL(STATEMENTS.get(os.environ.get("NEWER", ""), "ALTER TABLE newer_thing ADD COLUMN more int"))]
