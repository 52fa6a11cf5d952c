"""The register, the children, their measurements and the files they arrive in."""
