"""Who is calling and what they may see: roles, scopes, areas, bearer tokens."""
