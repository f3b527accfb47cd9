"""Messages that came in: each noted once, with the voice that came with it."""
