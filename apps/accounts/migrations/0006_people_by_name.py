from django.db import migrations, models
from django.db.models.functions import Coalesce, Lower, NullIf


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_reset_links"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                Lower(Coalesce(NullIf("name", models.Value("")), "email", output_field=models.CharField())),
                models.F("id"),
                name="user_shown_name",
            ),
        ),
    ]
