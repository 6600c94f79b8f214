"""The GraphQL door for customers: alone, or as an Apollo Federation subgraph beside Saleor; it decides nothing."""
