"""Routes, models and the page."""
