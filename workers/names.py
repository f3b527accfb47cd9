"""The stable dotted names of jobs: what stands in Redis, so never renamed lightly."""

SEND = "workers.delivery.send"
RECONCILE = "workers.delivery.reconcile"
EXPAND_CAMPAIGN = "workers.campaign.expand"
ASK_RECEIPTS = "workers.receipt.ask"
PROCESS_FEEDBACK = "workers.feedback.process"
ALARM_MAIL = "workers.alarm.mail"
FINISH_UPLOAD = "workers.upload.finish"
