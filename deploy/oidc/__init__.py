"""The identity provider: Keycloak's own distribution, our realm as data, and who is registered there locally."""
