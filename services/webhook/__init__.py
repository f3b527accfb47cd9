"""What providers tell us: taken at the door, and passed on to whom it concerns."""
