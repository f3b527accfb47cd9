"""Who works with the service, and by what they show it: users, devices, links, tokens."""
