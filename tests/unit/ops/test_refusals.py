"""What an operator reads about a call that failed."""

import pytest
from botocore.exceptions import ParamValidationError

from ops import refusals
from tests.unit.ops.stages import deployed_stage


def test_a_value_that_the_client_of_aws_refuses_is_named_on_one_line():
    """The call was not sent: AWS could be reached."""
    queues = deployed_stage().client("sqs")
    with pytest.raises(ParamValidationError) as failure:
        queues.create_queue(QueueName=1, Attributes=2)
    sentence = refusals.sentence(failure.value)
    assert sentence.startswith("AWS does not accept a value: ")
    assert "QueueName" in sentence
    assert "Attributes" in sentence
    assert "\n" not in sentence
