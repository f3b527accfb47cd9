"""Contacts and their addresses."""
