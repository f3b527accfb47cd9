#!/bin/sh
# Makes every secret of docker-compose.prod.yml once, one file each, in ./secrets (or the folder
# named). Refuses to run a second time: without the old keys nothing that is stored can be read.
#
# Folder 0700, files 0644: on this machine only its owner gets into the folder; in a container,
# where each file is mounted by itself, the services run as users of their own and must read them.
set -eu
cd "$(dirname "$0")/.."
FOLDER=${1:-secrets}

if [ -e "$FOLDER" ]; then
    echo "secrets.sh: $FOLDER exists already; nothing was changed." >&2
    echo "To change one secret see \"Changing keys and passwords\" in docs/deployment.md." >&2
    exit 1
fi
command -v openssl >/dev/null || { echo "secrets.sh needs openssl." >&2; exit 1; }

umask 077
DRAFT=$FOLDER.draft.$$
mkdir "$DRAFT"
trap 'rm -rf "$DRAFT"' EXIT

put() { printf '%s\n' "$2" >"$DRAFT/$1"; }
password() { openssl rand -hex 24; } # letters and digits: fits into a URL as it is
key() { openssl rand -base64 32; }

for login in owner app backup; do
    put "careloop_${login}_password" "$(password)"
done
put postgres_password "$(password)"
put redis_password "$(password)"
put database_url "postgresql://careloop_app:$(cat "$DRAFT/careloop_app_password")@postgres:5432/careloop"
put database_owner_url "postgresql://careloop_owner:$(cat "$DRAFT/careloop_owner_password")@postgres:5432/careloop"
put redis_url "redis://:$(cat "$DRAFT/redis_password")@redis:6379/0"
put secret_key "$(openssl rand -hex 48)"
put encryption_keys "k1:$(key)"
put blind_index_key "$(key)"
put metrics_token "$(password)"
# From others: put the value into the file; an empty one counts as not set.
for given in secret_keys_previous twilio_auth_token sendgrid_api_key smtp_pass storage_secret_key sentry_dsn; do
    : >"$DRAFT/$given"
done

chmod 0644 "$DRAFT"/*
mv "$DRAFT" "$FOLDER"
trap - EXIT
cat <<END
Made $FOLDER/. Now:
  1. write the Twilio auth token:   printf %s TOKEN > $FOLDER/twilio_auth_token 
     and, if you use them, sendgrid_api_key, smtp_pass, storage_secret_key, sentry_dsn
  2. copy the whole folder to a safe place that is not this machine: a backup of the database
     cannot be read without encryption_keys, nor searched without blind_index_key.
END
