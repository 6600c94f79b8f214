"""The shop's pages as thin views: parse, ask Saleor or the membership, render."""
