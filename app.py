"""The CDK app: the stacks of one deployment stage, and their dependencies.

cdk.json starts it without jsii's type checks of arguments (`-O`; mypy and the tests do them) and with the bytecode
cache in .build/. Together they halve the time of a synthesis.
"""

import os
import sys
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.auth import AuthStack
from stacks.data import DataStack
from stacks.delivery import DeliveryStack
from stacks.events import EventsStack
from stacks.frontend import SITE, FrontendStack
from stacks.observability import ObservabilityStack
from stacks.packaging import PackagingError
from stacks.region import check_region
from stacks.rest_api import RestApiStack
from stacks.stage import Stage, StageError
from stacks.websocket_api import WebSocketApiStack


def add_stacks(app: cdk.App, stage: Stage, *, site: Path = SITE) -> None:
    """Add the stacks of a stage to the app."""
    auth = AuthStack(app, stage=stage)
    data = DataStack(app, stage=stage)
    events = EventsStack(app, stage=stage)
    websocket = WebSocketApiStack(app, stage=stage, data=data, events=events)
    delivery = DeliveryStack(app, stage=stage, data=data, events=events, websocket=websocket)
    rest = RestApiStack(app, stage=stage, auth=auth, data=data, events=events, websocket=websocket)
    FrontendStack(app, stage=stage, auth=auth, websocket=websocket, delivery=delivery, rest=rest, site=site)
    ObservabilityStack(app, stage=stage, events=events, websocket=websocket, delivery=delivery, rest=rest)


def check_with_cdk_nag(app: cdk.App) -> None:
    """Make the synthesis fail for findings of cdk-nag that are not acknowledged."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def main() -> None:
    """Synthesise the stage that `-c stage=NAME` names."""
    app = cdk.App()
    try:
        stage = Stage.from_context(app.node.try_get_context)
        # The CDK CLI sets it to the region that it deploys to, once credentials or a profile name one.
        check_region(stage, os.environ.get("CDK_DEFAULT_REGION"))
        add_stacks(app, stage)
    except (StageError, PackagingError) as refusal:
        sys.exit(str(refusal))
    check_with_cdk_nag(app)
    try:
        app.synth()
    except RuntimeError as refusal:
        if "ValidationFailed" not in str(refusal):
            raise
        sys.exit(
            "cdk-nag: unacknowledged findings, listed above. Fix them, or acknowledge them next to the resource."
        )


if __name__ == "__main__":
    main()
