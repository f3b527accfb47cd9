"""The service and its days at a glance: health, today, statistics, the board's report."""
