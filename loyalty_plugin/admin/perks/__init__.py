"""Perks of a draft in the back office: a form for each from its schema, with goods chosen from the shop."""
