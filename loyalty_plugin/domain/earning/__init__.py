"""What an occasion earns and why: terms, the amount that counts, the decision and its explanation."""
