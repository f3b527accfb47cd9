"""A delivery's life after it was opened: its moves, and all that settles it."""
