"""The shop's pictures, drawn as SVG by code so that the whole catalogue is one family; it never loads or stores anything."""

from sandbox.seed.pictures.scenes import PAGES, PRODUCTS, product

__all__ = ["PAGES", "PRODUCTS", "product"]
