"""Early warning: how likely a child that is not stunted now is stunted in 3-6 months."""
