-- Keycloak's own database and role beside those of the services, for docker-compose.yml; repeatable.
-- Run by psql as the superuser, with the role's password in KEYCLOAK_DATABASE_PASSWORD.
\set ON_ERROR_STOP on
\getenv password KEYCLOAK_DATABASE_PASSWORD

SELECT 'CREATE ROLE keycloak LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'keycloak') \gexec
ALTER ROLE keycloak PASSWORD :'password';

SELECT 'CREATE DATABASE keycloak OWNER keycloak'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'keycloak') \gexec
REVOKE ALL ON DATABASE keycloak FROM PUBLIC;
