"""What the GraphQL door shows, one module for each noun; fields read views and compute nothing of their own."""
