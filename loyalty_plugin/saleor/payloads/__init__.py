"""Makes facts out of what Saleor answers: pure functions from JSON to the domain's facts, no call, no database."""
