"""Does at the shop what a buyer asks for through our own door, so that nobody keeps, shares or multiplies a member price."""
