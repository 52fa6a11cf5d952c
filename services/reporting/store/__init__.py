"""SQL of reporting: facts, versions, cells, and the independent recount."""
