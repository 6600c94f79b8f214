"""A stand-in for Saleor 3.23: speaks the part of its API a loyalty App uses; it is not Saleor and sells nothing."""
