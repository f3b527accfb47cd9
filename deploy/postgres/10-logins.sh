#!/bin/sh
# Makes the three logins of the database and hands the database to its owner. The postgres image
# runs this once, when its volume is new; it may be run again, e.g. after a password was changed:
#   docker compose -f docker-compose.prod.yml exec postgres /docker-entrypoint-initdb.d/10-logins.sh
#
#   careloop_owner   owns the database and makes roles; only migrations use it
#   careloop_app     serves; owns nothing, inherits nothing, may only become roles made for it
#   careloop_backup  reads everything, changes nothing; only the nightly pg_dump uses it
#
# psql reads the passwords from files itself, so that no process list shows them.
set -eu
SECRETS=${SECRETS:-/run/secrets}
export SECRETS

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
     --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-careloop}" <<'SQL'
\set owner_password `cat "$SECRETS/careloop_owner_password"`
\set app_password `cat "$SECRETS/careloop_app_password"`
\set backup_password `cat "$SECRETS/careloop_backup_password"`

select format('create role %I', name)
from unnest(array['careloop_owner', 'careloop_app', 'careloop_backup']) as name
where not exists (select from pg_roles where rolname = name) \gexec

alter role careloop_owner with login createrole noinherit
    nosuperuser nocreatedb noreplication nobypassrls password :'owner_password';
alter role careloop_app with login noinherit
    nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'app_password';
-- Row-level security would hide rows from a backup.
alter role careloop_backup with login inherit bypassrls
    nosuperuser nocreatedb nocreaterole noreplication password :'backup_password';
grant pg_read_all_data to careloop_backup;

alter database :"DBNAME" owner to careloop_owner;
revoke connect on database :"DBNAME" from public;
grant connect on database :"DBNAME" to careloop_app, careloop_backup;
SQL
