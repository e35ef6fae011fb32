"""The local stage: the whole CDK app on one machine, in a browser, without an AWS account or Docker.

It reaches what is deployed only through stack outputs and the AWS API, never through the chat's own modules.
"""
