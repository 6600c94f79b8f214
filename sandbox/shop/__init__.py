"""A small tea and pottery shop on Wagtail that sells through Saleor and shows its members their benefits; never a part of the plugin."""
