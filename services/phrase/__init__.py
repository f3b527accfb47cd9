"""What the system says, in each language."""
