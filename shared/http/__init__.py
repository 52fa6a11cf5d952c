"""The shell every HTTP service wears: errors, limits, idempotency, health, paging, serving."""
