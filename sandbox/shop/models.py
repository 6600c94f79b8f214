"""The shop's pages, edited in Wagtail, and the row of the demonstration's time; goods and customers live at Saleor."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from sandbox.shop import blocks


class ClockRow(models.Model):
    """The demonstration's time for every process: `now` empty means real time."""

    now = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sandbox_clock"

    def __str__(self) -> str:
        return self.now.isoformat() if self.now else "real time"


class HomePage(Page):
    """The front page: whatever blocks the shop lays out."""

    body = StreamField(blocks.home(), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("body")]
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["shop.TextPage"]
    template = "shop/home.html"

    class Meta:
        verbose_name = "home page"


class TextPage(Page):
    """A page of words: delivery, returns, about us."""

    intro = models.CharField(max_length=400, blank=True)
    body = RichTextField(features=["h2", "h3", "bold", "italic", "link", "ol", "ul"])

    content_panels = [*Page.content_panels, FieldPanel("intro"), FieldPanel("body")]
    parent_page_types = ["shop.HomePage"]
    subpage_types: list[str] = []
    template = "shop/text.html"

    class Meta:
        verbose_name = "text page"
