"""When a reminder goes out: its occurrences, and those that are left out."""
