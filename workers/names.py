"""The stable dotted names of jobs that schedulers and workers hand over themselves.

A job that a service asks for is named there. What stands in Redis is never renamed lightly.
"""

SEND = "workers.delivery.send"
RECONCILE = "workers.delivery.reconcile"
ASK_RECEIPTS = "workers.receipt.ask"
ASK_INBOUND = "workers.inbound.ask"
