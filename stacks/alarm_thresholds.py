"""What the alarms of a stage compare its metrics with. Tests read it without loading the CDK."""

# A batch that failed is received again after three minutes.
MAX_STATUS_AGE_SECONDS = 600
# If a queue has at least this many dead letters more than five minutes before, the fault continues.
DEAD_LETTERS_GROWTH = 10
ERROR_PERCENT = 1
REFUSED_PERCENT = 25
# A share of few calls says nothing: one error in ten calls is 10 %.
MIN_CALLS = 20
TIMEOUT_PERCENT = 80
CONCURRENCY_PERCENT = 80
SOCKET_ERRORS = 5
# A few events are delivered at the second attempt now and then, which no one notices.
START_RETRIES = 10
