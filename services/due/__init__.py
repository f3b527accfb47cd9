"""The due queue, and the rows that are opened into it."""
