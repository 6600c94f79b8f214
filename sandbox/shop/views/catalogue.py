"""Pages to look around: the shelf, a department, a product, a search; nothing is changed here."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from sandbox.shop import catalogue, loyalty

SORTS = {
    "name": (_("Name"), lambda card: card.product.name.casefold()),
    "low": (_("Price, low to high"), lambda card: card.price.amount),
    "high": (_("Price, high to low"), lambda card: -card.price.amount),
}


def shelf(request: HttpRequest, category: str | None = None) -> HttpResponse:
    """All products or one department, sorted and searched by query string."""
    departments = catalogue.categories()
    chosen = next((c for c in departments if c.slug == category), None)
    if category and chosen is None:
        raise Http404
    words = request.GET.get("q", "").strip()
    products = catalogue.products(category=category)
    if words:
        products = [
            p
            for p in products
            if words.casefold()
            in f"{p.name} {p.description} {p.category.name} {p.department.name}".casefold()
        ]
    sort = request.GET.get("sort", "name")
    cards = sorted(loyalty.cards(request, products), key=SORTS.get(sort, SORTS["name"])[1])
    return render(
        request,
        "shop/shelf.html",
        {
            "departments": departments,
            "chosen": chosen,
            "cards": cards,
            "sort": sort,
            "sorts": SORTS,
            "words": words,
        },
    )


def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product with the price block of each variant, and three of its neighbours."""
    found = catalogue.product(slug)
    if found is None:
        raise Http404
    priced = loyalty.price_blocks(request, [(found, v) for v in found.variants])
    neighbours = [p for p in catalogue.products(category=found.department.slug) if p.id != found.id]
    start = sum(map(ord, slug)) % max(len(neighbours), 1)
    return render(
        request,
        "shop/product.html",
        {
            "product": found,
            "variants": [{"variant": v, "price": priced[v.id]} for v in found.variants],
            "price": priced[found.first.id],
            "offers": loyalty.offers([(found, v) for v in found.variants]),
            "neighbours": loyalty.cards(request, (neighbours[start:] + neighbours[:start])[:4]),
        },
    )
