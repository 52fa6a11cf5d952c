"""Pool, roles, migrations and the merge of facts."""
