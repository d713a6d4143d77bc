"""What a person types about themselves."""

from __future__ import annotations

import zoneinfo

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.services import Details, PersonRefused


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # Django has no subscript for it
    """Name, language, theme and time zone: what a person may change about themselves, and nothing else."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=lambda: [(zone, zone) for zone in sorted(zoneinfo.available_timezones())])

    class Meta:
        model = User
        fields = ["name", "language", "theme", "time_zone"]


class NewPasswordForm(forms.Form):
    """A new password, without the old one."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=1000,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput({"autocomplete": "new-password", "autofocus": True}),
    )


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
