"""What belongs to another model: an adapter to the one that it changes, a projector to the one that it sees for, a drafter to its writer."""

import django.db.models.deletion
from django.db import migrations, models

ROLES = [("chat", "Chat"), ("embed", "Embed"), ("rerank", "Rerank"), ("projector", "Projector"), ("drafter", "Drafter")]


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
            model_name="installedmodel", name="role", field=models.CharField(choices=ROLES, default="chat", max_length=10)
        ),
        migrations.AlterField(
            model_name="installedmodel",
            name="is_active",
            field=models.BooleanField(default=False, help_text="it answers; or, of a drafter, it is turned on"),
        ),
        migrations.RemoveConstraint(model_name="installedmodel", name="one_active_model_a_role"),
        migrations.AddConstraint(
            model_name="installedmodel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_active", True), models.Q(("role", "drafter"), _negated=True)),
                fields=("role",),
                name="one_active_model_a_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="installedmodel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("role__in", ["projector", "drafter"])), fields=("base", "role"), name="one_part_of_its_kind_a_model"
            ),
        ),
    ]
