"""What belongs to another model: an adapter to the one that it changes, a projector to the one that it sees for."""

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
                help_text="what it belongs to",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="inference.installedmodel",
            ),
        ),
        migrations.AlterField(
            model_name="installedmodel",
            name="role",
            field=models.CharField(
                choices=[("chat", "Chat"), ("embed", "Embed"), ("rerank", "Rerank"), ("projector", "Projector")],
                default="chat",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="installedmodel",
            constraint=models.UniqueConstraint(condition=models.Q(("role", "projector")), fields=("base",), name="one_projector_a_model"),
        ),
    ]
