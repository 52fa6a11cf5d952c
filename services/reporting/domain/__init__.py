"""Rules of the figures, pure: what a child counts for in a month, since when that is known, how rates are told."""
