"""What administrators of the installation type about people and workspaces."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.services import PersonRefused
from apps.workspaces.models import Role, Workspace


def teams() -> forms.ModelChoiceField[Workspace]:
    """A choice among all teams' workspaces."""
    rows = Workspace.objects.filter(is_personal=False, deleted_at=None).order_by("name")
    return forms.ModelChoiceField(rows, label=_("Workspace"), to_field_name="slug", empty_label=_("Choose a workspace"))


def roles(initial: Role = Role.MEMBER) -> forms.ChoiceField:
    """A choice among all roles."""
    return forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=initial)


class CreatePersonForm(forms.Form):
    """Somebody new, and their first place."""

    name = forms.CharField(label=_("Name"), max_length=100)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    workspace = teams()
    role = roles()

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        field = self.fields["workspace"]
        field.required = False
        field.empty_label = _("None yet")  # type: ignore[attr-defined]  # it is a ModelChoiceField

    def blame(self, error: PersonRefused) -> None:
        """Show the service's refusal at the field it speaks of."""
        self.add_error(error.field, str(error))


class InviteForm(forms.Form):
    """Whom to invite into which workspace, as what."""

    workspace = teams()
    role = roles()
    note = forms.CharField(label=_("For whom (only you see this)"), max_length=100, required=False)


class PlaceForm(forms.Form):
    """A workspace, and the role in it."""

    workspace = teams()
    role = roles()

    def leave_out(self, person: User) -> None:
        """Offer only workspaces that the person is not in."""
        field = self.fields["workspace"]
        field.queryset = field.queryset.exclude(memberships__user=person)  # type: ignore[attr-defined]  # it is a ModelChoiceField

    def has_any(self) -> bool:
        """Whether there is a workspace to choose."""
        return bool(self.fields["workspace"].queryset.exists())  # type: ignore[attr-defined]


class TeamForm(forms.Form):
    """A workspace."""

    workspace = teams()


class PeopleForm(forms.Form):
    """What is to be done to whom."""

    act = forms.ChoiceField(choices=[(act, act) for act in ("disable", "enable", "end_sessions", "reset_link")])
    person = forms.ModelMultipleChoiceField(User.objects.all())


class NewTeamForm(forms.Form):
    """A new workspace, and who owns it."""

    name = forms.CharField(label=_("Name"), max_length=100)
    owner = forms.EmailField(label=_("Owner's e-mail"), max_length=254, help_text=_("Somebody who can sign in here already."))


class OwnerForm(forms.Form):
    """Who gets a place in a workspace."""

    email = forms.EmailField(label=_("E-mail"), max_length=254)
    role = roles(Role.OWNER)
