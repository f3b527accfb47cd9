"""Senders: numbers and names that messages leave by."""
