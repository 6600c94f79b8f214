"""Our own rules, multipliers, perks and presets, registered through the same seam as anybody else's."""
