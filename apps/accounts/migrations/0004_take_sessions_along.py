"""Nobody has to sign in again because of an upgrade: what Django's own table holds goes over to ours."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations
from django.utils import timezone


def take_along(apps, schema_editor):
    """Copy the sessions of people who have signed in and still exist."""
    before, after = apps.get_model("sessions", "Session"), apps.get_model("accounts", "Session")
    people = {str(pk) for pk in apps.get_model("accounts", "User").objects.values_list("pk", flat=True)}
    found = []
    for row in before.objects.filter(expire_date__gt=timezone.now()).iterator():
        user = SessionStore().decode(row.session_data).get(SESSION_KEY)
        if user in people:
            found.append(after(session_key=row.session_key, session_data=row.session_data, expire_date=row.expire_date, user_id=user))
    after.objects.bulk_create(found, batch_size=500)
    before.objects.all().delete()


def take_back(apps, schema_editor):
    """The way back."""
    before, after = apps.get_model("sessions", "Session"), apps.get_model("accounts", "Session")
    rows = after.objects.exclude(user=None).values_list("session_key", "session_data", "expire_date")
    copies = [before(session_key=key, session_data=data, expire_date=until) for key, data, until in rows]
    before.objects.bulk_create(copies, batch_size=500, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_sessions"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(take_along, take_back),
    ]
