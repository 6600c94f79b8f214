"""The door by which Saleor comes in: manifest, handshake, events; it keeps evidence and decides nothing."""
