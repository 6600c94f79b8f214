"""Starts the demo shop's processes, watches over them and stops them; knows nothing of what they do."""
