#!/bin/sh
# Run once, by the PostgreSQL image, on an empty data folder: the account of Gemmaweb, its database, and pgvector in the template of all
# databases, as the account is no superuser and could not add it.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname template1 --set password="$GEMMAWEB_PASSWORD" <<'SQL'
CREATE EXTENSION vector;
CREATE ROLE gemmaweb LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE gemmaweb OWNER gemmaweb;
SQL
