"""The stable dotted names of jobs: what stands in Redis, so never renamed lightly."""

SEND = "workers.delivery.send"
RECONCILE = "workers.delivery.reconcile"
PROCESS_FEEDBACK = "workers.feedback.process"
FINISH_UPLOAD = "workers.upload.finish"
