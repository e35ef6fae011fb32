"""The CDK app: the stacks of one stage, and what each needs of the others.

cdk.json starts it without jsii's checks of every argument (-O; mypy and the tests make them) and with the CDK's
bytecode kept in .build/, which together halve what a synthesis takes.
"""

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
from stacks.rest_api import RestApiStack
from stacks.stage import Stage, StageError
from stacks.websocket_api import WebSocketApiStack


def add_stacks(app: cdk.App, stage: Stage, *, site: Path = SITE) -> None:
    """Add every stack of a stage to the app."""
    auth = AuthStack(app, stage=stage)
    data = DataStack(app, stage=stage)
    events = EventsStack(app, stage=stage)
    websocket = WebSocketApiStack(app, stage=stage, data=data, events=events)
    delivery = DeliveryStack(app, stage=stage, data=data, events=events, websocket=websocket)
    rest = RestApiStack(app, stage=stage, auth=auth, data=data, events=events, websocket=websocket)
    FrontendStack(app, stage=stage, auth=auth, websocket=websocket, delivery=delivery, rest=rest, site=site)
    ObservabilityStack(app, stage=stage, events=events, websocket=websocket, delivery=delivery, rest=rest)


def check_with_cdk_nag(app: cdk.App) -> None:
    """Refuse to synthesise what AWS Solutions' rules find, unless it is acknowledged beside its resource."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def main() -> None:
    """Synthesise the stage that `-c stage=NAME` names."""
    app = cdk.App()
    try:
        add_stacks(app, Stage.from_context(app.node.try_get_context))
    except (StageError, PackagingError) as refusal:
        sys.exit(str(refusal))
    check_with_cdk_nag(app)
    try:
        app.synth()
    except RuntimeError as refusal:
        if "ValidationFailed" not in str(refusal):
            raise
        sys.exit("cdk-nag found what nobody acknowledged: mend it, or acknowledge it beside its resource.")


if __name__ == "__main__":
    main()
