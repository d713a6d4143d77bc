"""What belongs to another model: an adapter to the one that it changes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inference", "0005_servers"),
    ]

    operations = [
        migrations.AddField(
            model_name="installedmodel",
            name="base",
            field=models.ForeignKey(
                help_text="the model that it changes",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="inference.installedmodel",
            ),
        ),
    ]
