"""What the shop has that we may not: reads it page by page and hands it to the ordinary path; see `backfill`."""
