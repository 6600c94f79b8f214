"""A small tea and pottery shop on Wagtail, selling through Saleor to members; never a part of the plugin."""
