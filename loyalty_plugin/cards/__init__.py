"""The card room: designs, fonts, and drawing a card as PDF, picture or part of a page; it issues no card."""
