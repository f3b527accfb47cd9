"""A hospital: founded, found, set up."""
