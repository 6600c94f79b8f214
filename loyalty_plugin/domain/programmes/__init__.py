"""A programme's versions as frozen documents: their shape, reading them, finding what contradicts itself."""
