"""What every page's frame needs: departments, the cart's count, who is signed in; asked only when a template shows it."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from sandbox.shop import cart, catalogue, loyalty, saleor, session
from sandbox.shop.models import TextPage

BRAND = "Kiln & Leaf"


def _departments() -> list[catalogue.Category]:
    try:
        return catalogue.categories()
    except (saleor.Unreachable, saleor.Refused):
        return []


def shop(request: HttpRequest) -> dict[str, object]:
    return {
        "brand": BRAND,
        "departments": SimpleLazyObject(_departments),
        "pages": TextPage.objects.live().in_menu(),
        "cart_count": request.session.get(cart.COUNT, 0),
        "customer": session.customer(request),
        "membership": SimpleLazyObject(lambda: loyalty.member_for(request)),
    }
