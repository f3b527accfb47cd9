"""Campaigns: one reminder for many contacts."""
