"""Our own perks, by what they do: discounts, price lists, sales, bundles, products for members only, gifts, sending."""
