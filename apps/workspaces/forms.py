"""What people type about workspaces. A form takes its own fields and no others, whatever a request carries."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import NewPersonForm
from apps.accounts.models import User
from apps.core.errors import Invalid
from apps.inference.choice import Choice, choose
from apps.workspaces.models import Membership, Role, Workspace

F = TypeVar("F", bound=forms.Form)
PLACES = {"machine": _("on this machine"), "network": _("on your network"), "internet": _("outside your network")}


class FirstRunForm(NewPersonForm):
    """The first administrator, and the name of the first workspace."""

    workspace = forms.CharField(label=_("Your team's name"), max_length=100)
    field_order = ("workspace", "name", "email", "password")


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]  # Django has no subscript for it
    """What managers may change about a workspace."""

    language = forms.ChoiceField(label=_("Main language of the documents"), choices=settings.LANGUAGES)
    chosen_model = forms.TypedChoiceField(label=_("Which model"), required=False, coerce=UUID, empty_value=None)

    class Meta:
        model = Workspace
        fields = ["name", "answering", "chosen_model", "language"]
        widgets = {"answering": forms.RadioSelect}

    def offer(self, models: list[Choice]) -> None:
        """Show the models that can answer, the installation's first."""
        usual = choose(among=models)
        words = _("The installation's: %(name)s") if usual else _("The installation's: the documents' own words")
        offered = [("", words % {"name": usual.name} if usual else words)]
        offered += [(str(model.pk), f"{model.name} ({PLACES[model.place]})") for model in models]
        self.fields["chosen_model"].choices = offered  # type: ignore[attr-defined]  # it is a ChoiceField


class InvitationForm(forms.Form):
    """Whom to invite, as what."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)
    note = forms.CharField(label=_("For whom (only you see this)"), max_length=100, required=False)

    def offer_to(self, membership: Membership) -> None:
        """Show only the roles that this member may give."""
        self.fields["role"].choices = roles_to_give(membership)  # type: ignore[attr-defined]  # it is a ChoiceField


class RevokeForm(forms.Form):
    """Which invitation."""

    invitation = forms.UUIDField()


class MemberForm(forms.Form):
    """Which member."""

    membership = forms.UUIDField()


class RoleForm(MemberForm):
    """Which member becomes what."""

    role = forms.ChoiceField(choices=Role.choices)


class DeleteForm(forms.Form):
    """The name of the workspace, typed."""

    name = forms.CharField(max_length=200)


class RestoreForm(forms.Form):
    """Which deleted workspace."""

    workspace = forms.UUIDField()


class KeyForm(forms.Form):
    """What a new key is for, and which workspace it opens."""

    name = forms.CharField(label=_("Name"), max_length=100)
    workspace = forms.ModelChoiceField(Workspace.objects.none(), label=_("Workspace"), to_field_name="slug", empty_label=None)

    def offer_to(self, user: User) -> None:
        """Show the workspaces of this person."""
        self.fields["workspace"].queryset = Workspace.objects.visible_to(user).order_by("name")  # type: ignore[attr-defined]


class EndKeyForm(forms.Form):
    """Which key."""

    key = forms.UUIDField()


def roles_to_give(membership: Membership) -> list[tuple[str, str]]:
    """The roles that this member may give to others: only owners make owners."""
    return [(value, str(label)) for value, label in Role.choices if membership.role == Role.OWNER or value != Role.OWNER]


def read(form_class: type[F], request: HttpRequest) -> F:
    """The posted form of a button or a menu. Raises Invalid: no page of ours sends a wrong one."""
    form = form_class(request.POST)
    if not form.is_valid():
        raise Invalid(fields={field: " ".join(map(str, errors)) for field, errors in form.errors.items()})
    return form
