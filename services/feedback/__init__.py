"""What patients said: taken in, read, answered, exported."""
