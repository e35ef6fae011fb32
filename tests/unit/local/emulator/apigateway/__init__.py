"""Tests of `local.emulator.apigateway`."""
