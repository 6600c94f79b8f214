"""Member cards as values: numbers, signed codes, the names on them; nothing is stored or drawn here."""
