"""English as a shop in Europe writes it."""
