"""What the shop owes its members on any day, from the postings booked until then; reads only."""

from loyalty_plugin.queries.liability.books import BREAKDOWNS, Books, books_of, programme_called
from loyalty_plugin.queries.liability.composition import Part, composition

__all__ = ["BREAKDOWNS", "Books", "Part", "books_of", "composition", "programme_called"]
