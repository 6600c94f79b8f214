"""A host's web server with the plugin and its peers behind the same middleware, and who asks it; measures nothing itself."""
