"""For operators: tools that know a stage by its outputs and speak AWS's API and the chat's public contract."""
