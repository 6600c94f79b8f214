"""Staff as humans: who they are at each door, which role they have where, and what a role may do at once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Person(models.Model):
    """One human. Four eyes count persons, not accounts."""

    name = models.CharField(_("name"), max_length=200)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="loyalty_person"
    )
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, null=True, blank=True, related_name="+")
    saleor_user_id = models.CharField(_("Saleor staff account"), max_length=64, blank=True)
    #: Their own membership, on which they never act.
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [
            ("view_members", _("Look members up")),
            ("edit_members", _("Edit members")),
            ("erase_members", _("Erase members")),
            ("adjust_points", _("Adjust points")),
            ("decide_requests", _("Decide requests")),
            ("issue_cards", _("Issue cards")),
            ("grant_tiers", _("Give tiers")),
            ("edit_programme", _("Edit programme drafts")),
            ("publish_programme", _("Publish programmes")),
            ("clear_points", _("Clear points and bring them back")),
            ("view_operations", _("See jobs and events")),
            ("retry_operations", _("Try failed events and changes again")),
            ("view_trail", _("See the trail")),
            ("view_incidents", _("See incidents")),
            ("handle_incidents", _("Act on incidents and close them")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["realm", "saleor_user_id"],
                condition=~models.Q(saleor_user_id=""),
                name="lp_person_of_saleor_account",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RoleScope(models.Model):
    """A role a person has in a channel (empty: everywhere) from one day to another."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="scopes")
    role = models.CharField(_("role"), max_length=40)
    channel = models.CharField(_("channel"), max_length=255, blank=True)
    from_day = models.DateField(_("from"), null=True, blank=True)
    until_day = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("role of a person")
        verbose_name_plural = _("roles of people")

    def __str__(self) -> str:
        return f"{self.person_id}: {self.role}"


class RoleLimit(models.Model):
    """How much a role may do alone: amounts in points or minor units, null means no limit."""

    role = models.CharField(_("role"), max_length=40)
    operation = models.CharField(_("what"), max_length=40)
    once = models.BigIntegerField(_("at once"), null=True, blank=True)
    daily = models.BigIntegerField(_("in a day"), null=True, blank=True)
    #: Above a limit a request may be made; otherwise it is refused.
    may_request = models.BooleanField(_("may ask above it"), default=True)

    class Meta:
        verbose_name = _("limit of a role")
        verbose_name_plural = _("limits of roles")
        constraints = [models.UniqueConstraint(fields=["role", "operation"], name="lp_role_limit")]

    def __str__(self) -> str:
        return f"{self.role} {self.operation}"
