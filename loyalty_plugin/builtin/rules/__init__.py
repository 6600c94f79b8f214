"""Our earning rules, one noun a file; each answers what it would give, none knows budgets or caps."""
