"""Our own card designs, registered through the same seam as anybody's."""
