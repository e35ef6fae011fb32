"""Functions of botocore and moto that compute the same again at each call keep their results."""

from functools import cache

from botocore import useragent
from moto.sqs import models

# A tenth of the time of these tests: the parts of the user agent, and the names of a queue's attributes.
useragent.sanitize_user_agent_string_component = cache(useragent.sanitize_user_agent_string_component)
models.camelcase_to_underscores = cache(models.camelcase_to_underscores)  # type: ignore[attr-defined]
