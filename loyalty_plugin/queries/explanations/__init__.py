"""An award's stored explanation in plain words, from its data alone; asks no database and decides nothing."""
