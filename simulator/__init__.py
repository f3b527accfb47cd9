"""A carrier on this machine: it speaks the providers' published API and delivers nothing."""
