"""What runs a model: llama.cpp, or ctransformers for the older families."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inference", "0003_fit")]

    operations = [
        migrations.AddField(
            model_name="installedmodel",
            name="engine",
            field=models.CharField(choices=[("llama", "llama.cpp"), ("ctransformers", "ctransformers")], default="llama", max_length=20),
        ),
    ]
