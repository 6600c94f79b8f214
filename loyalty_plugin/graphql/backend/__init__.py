"""The door of enforced mode: what a storefront does at Saleor, by operations known by name, each looked at first."""
