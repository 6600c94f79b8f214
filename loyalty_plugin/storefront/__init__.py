"""The door for a shop's own pages: what its templates show of a membership, and the pages by which people join."""
