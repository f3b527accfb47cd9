"""Reminders: made, shown, changed, answered."""
