"""An example of an extension: a stamp card for coffee. The plugin knows nothing of it."""
