"""What a person types about themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts import time_zones
from apps.accounts.models import User
from apps.accounts.services import Details, PersonRefused


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth is untyped
    """allauth's form in the words of our other pages."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["login"].label = _("E-mail")
        drop_placeholders(self)


class MyPasswordForm(ChangePasswordForm):  # type: ignore[misc]  # allauth is untyped
    """allauth's form in the words of our other pages."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = _("At least 10 characters, and none that many people use.")
        self.fields["password2"].label = _("New password once more")
        drop_placeholders(self)


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # Django has no subscript for it
    """Name, language and time zone: what a person may change about themselves, and nothing else."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.CharField(
        label=_("Time zone"), max_length=60, widget=forms.TextInput({"list": "time-zones", "autocomplete": "off", "spellcheck": "false"})
    )

    class Meta:
        model = User
        fields = ["name", "language", "time_zone"]
        widgets = {"name": forms.TextInput({"autocomplete": "name"})}

    def clean_time_zone(self) -> str:
        """The zone that was typed, by its full name."""
        found = time_zones.find(self.cleaned_data["time_zone"])
        if found is None:
            raise ValidationError(
                gettext("No time zone has this name. Type a large city near you, such as Berlin, and choose from the list.")
            )
        return found


class EmailForm(forms.Form):
    """The address with which somebody signs in."""

    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"}))


class ThemeForm(forms.ModelForm):  # type: ignore[type-arg]
    """Light, dark, or as the device."""

    class Meta:
        model = User
        fields = ["theme"]


class NewPasswordForm(forms.Form):
    """A new password, without the old one."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=1000,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput({"autocomplete": "new-password", "autofocus": True}),
    )


class EndSessionForm(forms.Form):
    """Which of one's own sessions."""

    session = forms.UUIDField()


class NewPersonForm(forms.Form):
    """Name, e-mail and password of somebody new. Whether the address is free and the password good is the service's to say."""

    name = forms.CharField(label=_("Your name"), max_length=100, widget=forms.TextInput({"autocomplete": "name"}))
    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def blame(self, error: PersonRefused) -> None:
        """Show the service's refusal at the field it speaks of."""
        self.add_error(error.field, str(error))

    def details(self) -> Details:
        """What was typed, and the language it was typed in."""
        typed = {field: self.cleaned_data[field] for field in ("name", "email", "password")}
        return Details(**typed, language=get_language() or "en")


def drop_placeholders(form: forms.Form) -> None:
    """Take away the grey words in the fields: they repeat the labels, and go when somebody types."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
