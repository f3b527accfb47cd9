"""What staff must be told about the service itself."""
