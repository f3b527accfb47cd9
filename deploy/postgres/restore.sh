#!/bin/sh
# Puts a dump into an empty database, in the postgres container:
#   docker compose -f docker-compose.prod.yml exec postgres restore.sh careloop-20260131T010000Z.dump
# Roles are not in a dump (they belong to the cluster): `python cli.py restore-roles` comes next.
# docs/deployment.md has the whole procedure.
set -eu
FOLDER=${BACKUP_FOLDER:-/backups}
SECRETS=${SECRETS:-/run/secrets}
[ $# -eq 1 ] || { echo "usage: restore.sh NAME.dump; there are:" >&2; ls "$FOLDER" >&2; exit 2; }
[ -f "$FOLDER/$1" ] || { echo "restore: no $FOLDER/$1; there are:" >&2; ls "$FOLDER" >&2; exit 2; }
PGPASSWORD="$(cat "$SECRETS/careloop_owner_password")"
export PGPASSWORD PGUSER=careloop_owner PGDATABASE="${PGDATABASE:-careloop}"

# By TCP: while the image makes an empty cluster it listens on its socket only.
export PGHOST="${PGHOST:-127.0.0.1}"
tries=120
until pg_isready --quiet; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "restore: PostgreSQL does not answer; nothing was changed." >&2; exit 1; }
    sleep 1
done
there=$(psql --no-psqlrc -Atc "select 1 from pg_namespace where nspname = 'shared'")
if [ -n "$there" ]; then
    echo "restore: this database is not empty; nothing was changed." >&2
    exit 1
fi
# One transaction: the whole dump or nothing. Owner and grants are made anew, not restored.
pg_restore --no-owner --no-privileges --single-transaction --exit-on-error \
    --dbname "$PGDATABASE" "$FOLDER/$1"
# The owner may not look at the system's own catalogue, and is told so for each of its tables.
PGOPTIONS="-c client_min_messages=error" psql --no-psqlrc --quiet -c analyze
echo "restore: done. Now: docker compose -f docker-compose.prod.yml run --rm migrate python cli.py restore-roles"
