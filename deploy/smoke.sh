#!/bin/sh
# Goes once around the loop of a running service, as a person would: health, an anonymous
# feedback, log in, find the feedback, a reminder in ten seconds, and then the phone it arrives on.
#
#   deploy/smoke.sh [URL]          http://127.0.0.1:8000 by default
#
# EMAIL and PASSWORD log in (by default what docker-compose.yml makes). Where there is no simulator
# the reminder goes out for real: PHONE must be set, and the carrier's acceptance is waited for.
# CURL_OPTIONS is added to every call, e.g. --cacert for a certificate of your own.
set -eu
URL=${1:-http://127.0.0.1:8000}
EMAIL=${EMAIL:-admin@hospital.example}
PASSWORD=${PASSWORD:-careloop-try-it-out}
WAIT=${WAIT:-90}
MESSAGE="Rappel d'essai $(date +%H:%M:%S), $$"  # GSM-7 letters only: it arrives as it is

say() { printf 'smoke: %s\n' "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }
# shellcheck disable=SC2086 # several options in one variable
ask() { curl --silent --show-error --fail-with-body --max-time 20 ${CURL_OPTIONS:-} "$@"; }
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }
in_seconds() {
    then=$(($(date +%s) + $1))
    date -u -d "@$then" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$then" +%Y-%m-%dT%H:%M:%SZ
}
until_true() { # what, then a command
    what=$1
    shift
    deadline=$(($(date +%s) + WAIT))
    until "$@"; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "waited $WAIT s for $what"
        sleep 1
    done
}

answers() { ask --output /dev/null "$URL/health/live" 2>/dev/null; }
is_ready() { ask "$URL/health/ready" 2>/dev/null | grep -q '"status": *"ok"'; }
until_true "$URL to answer" answers
until_true "API, scheduler and worker to be there" is_ready
say "ready"

ask "$URL/api/v1/feedback" -H 'Content-Type: application/json' \
    -d "{\"language\":\"french\",\"content\":\"$MESSAGE\",\"rating\":4}" |
    grep -q '"id"' || fail "the feedback was not taken"
say "anonymous feedback taken"

TOKEN=$(ask "$URL/api/v1/auth/token" --data-urlencode "username=$EMAIL" \
    --data-urlencode "password=$PASSWORD" | field access_token)
[ -n "$TOKEN" ] || fail "no token"
# From a file, so that no process list shows it.
HEADERS=$(mktemp)
trap 'rm -f "$HEADERS"' EXIT
printf 'Authorization: Bearer %s\n' "$TOKEN" >"$HEADERS"
say "logged in as $EMAIL"

ask -H "@$HEADERS" "$URL/api/v1/feedback" | grep -qF "$MESSAGE" || fail "staff do not see the feedback"
say "staff see the feedback"

if ask --output /dev/null "$URL/simulator/ledger" 2>/dev/null; then
    SIMULATED=yes PHONE=${PHONE:-+237650000000}
else
    SIMULATED= PHONE=${PHONE:?there is no simulator: set PHONE to a number that may get an SMS}
fi
NUMBER=$(ask -H "@$HEADERS" "$URL/api/v1/reminders" -H 'Content-Type: application/json' \
    -d "{\"patient_id\":\"PAT123\",\"language\":\"french\",\"message\":\"$MESSAGE\",\"phone_number\":\"$PHONE\",\"scheduled_time\":\"$(in_seconds 10)\"}" |
    field id)
[ -n "$NUMBER" ] || fail "the reminder was not taken"
say "reminder $NUMBER taken, due in ten seconds"

if [ -n "$SIMULATED" ]; then
    arrived() { ask "$URL/simulator/ledger" | grep -qF "$MESSAGE"; }
    until_true "the reminder on the phone" arrived
    say "the reminder is on the phone"
fi
accepted() {
    ask -H "@$HEADERS" "$URL/api/v1/reminders/$NUMBER" | grep -qE '"status": *"(sent|delivered)"'
}
until_true "the carrier's answer" accepted
say "the carrier has it; all is well"
