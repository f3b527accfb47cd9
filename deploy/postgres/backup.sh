#!/bin/sh
# The nightly dump, in the postgres image. `backup.sh` runs for ever; `backup.sh once` makes one
# dump now; `backup.sh check` says whether the newest dump is younger than 26 hours.
#
# A dump is written under another name, read back, and only then given its own: what is called
# *.dump is whole. Old ones go after BACKUP_KEEP_DAYS, but the newest three are never removed, so
# that weeks of failing dumps do not eat the last good one.
set -eu
umask 077 # a dump holds what staff log in with, if only hashed
FOLDER=${BACKUP_FOLDER:-/backups}
HOUR=${BACKUP_HOUR_UTC:-1}
KEEP_DAYS=${BACKUP_KEEP_DAYS:-14}
SECRETS=${SECRETS:-/run/secrets}
export PGHOST="${PGHOST:-postgres}" PGUSER=careloop_backup PGDATABASE="${PGDATABASE:-careloop}"

say() { echo "backup: $*"; }

dump() {
    name="careloop-$(date -u +%Y%m%dT%H%M%SZ).dump"
    PGPASSWORD="$(cat "$SECRETS/careloop_backup_password")"
    export PGPASSWORD
    rm -f "$FOLDER"/*.part
    if pg_dump --format=custom --lock-wait-timeout=60s --file "$FOLDER/$name.part" &&
        pg_restore --list "$FOLDER/$name.part" >/dev/null; then
        mv "$FOLDER/$name.part" "$FOLDER/$name"
        say "$name, $(wc -c <"$FOLDER/$name") bytes"
    else
        rm -f "$FOLDER/$name.part"
        say "FAILED" >&2
        return 1
    fi
}

# Names sort by time. Everything but the newest three goes once it is old enough.
forget_old() {
    ls "$FOLDER" | grep '^careloop-.*\.dump$' | sort -r | tail -n +4 | while read -r name; do
        find "$FOLDER/$name" -mtime "+$KEEP_DAYS" -exec rm -f {} \; -exec echo "backup: removed {}" \;
    done
}

fresh() { # hours
    [ -n "$(find "$FOLDER" -name 'careloop-*.dump' -mmin "-$(($1 * 60))" 2>/dev/null | head -n 1)" ]
}

seconds_to_hour() {
    now=$(date -u +%s)
    next=$((now / 86400 * 86400 + HOUR * 3600))
    [ "$next" -gt "$now" ] || next=$((next + 86400))
    echo $((next - now))
}

case ${1:-loop} in
once)
    dump
    forget_old
    ;;
check)
    fresh 26
    ;;
loop)
    trap 'exit 0' TERM INT
    # A machine that is switched off at night is backed up in the morning.
    until fresh 24 || dump; do sleep 60 & wait $!; done
    while true; do
        sleep "$(seconds_to_hour)" & wait $!
        until dump; do sleep 600 & wait $!; done
        forget_old
    done
    ;;
*)
    echo "usage: backup.sh [once|check]" >&2
    exit 2
    ;;
esac
