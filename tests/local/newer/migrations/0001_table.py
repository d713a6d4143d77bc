from django.db import migrations


class Migration(migrations.Migration):
    """It works."""

    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL("CREATE TABLE newer_thing (id int PRIMARY KEY); UPDATE accounts_user SET name = 'Renamed'")]
