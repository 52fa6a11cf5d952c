"""Kubernetes: a kustomize base, what of it is generated, and schemas of the custom resources it uses."""
