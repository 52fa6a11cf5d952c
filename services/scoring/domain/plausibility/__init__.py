"""Is this value what was measured? Hints with kind, probability and evidence; nothing is corrected or hidden here."""
