"""How the demonstration writes days and times, by language."""
