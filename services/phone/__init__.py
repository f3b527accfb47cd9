"""Conversations by phone: what is asked, what a key or a silence leads to, what is kept."""
