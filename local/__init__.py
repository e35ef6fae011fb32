"""The local stage: the whole CDK app on one machine, in a browser, with no account and no Docker.

Knows the deployed stage only through stack outputs and the AWS API, never through the chat's own modules.
"""
