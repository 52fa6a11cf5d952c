"""How well children were measured, as numbers over columns: digits, ages, scores, outliers, a score of it all."""
